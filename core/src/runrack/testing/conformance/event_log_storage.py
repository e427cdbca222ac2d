"""EventLogStorageConformance: what it means to be an event log storage."""

from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.testing.conformance.asset_catalog import (
    AssetListingTests,
    AssetStateTests,
    AssetWipeTests,
)
from runrack.testing.conformance.asset_history import AssetHistoryTests
from runrack.testing.conformance.asset_partitions import PartitionWipeTests, PendingPlanTests
from runrack.testing.conformance.concurrency_slots import ConcurrencySlotsTests
from runrack.testing.conformance.dynamic_partitions import DynamicPartitionsTests
from runrack.testing.conformance.event_model import EventModelMachine
from runrack.testing.conformance.event_reading import CrossRunTests, RunLogTests
from runrack.testing.conformance.event_statistics import StatisticsTests
from runrack.testing.conformance.event_storing import EventStoringTests
from runrack.testing.conformance.event_watching import EventWatchingTests
from runrack.testing.conformance.model_comparison import ModelComparison
from runrack.testing.conformance.partition_ids import AssetPartitionTests


class EventLogConformance(EventStoringTests, RunLogTests, CrossRunTests, StatisticsTests, EventWatchingTests):
    """The tests of the log itself."""


class AssetCatalogConformance(
    AssetStateTests,
    AssetWipeTests,
    AssetListingTests,
    AssetPartitionTests,
    PendingPlanTests,
    PartitionWipeTests,
    AssetHistoryTests,
):
    """The tests of the asset catalog."""


class EventLogStorageConformance(
    EventLogConformance,
    AssetCatalogConformance,
    DynamicPartitionsTests,
    ConcurrencySlotsTests,
    ModelComparison,
):
    """The tests of an event log storage: its log, its asset catalog, dynamic partitions and concurrency slots."""

    def test_an_event_log_behaves_as_its_model(self, storage: EventLogStorage) -> None:
        """Whatever is done in whatever order, the storage gives what a plain list would give.

        Look at the last operations of the example that hypothesis prints: it is the shortest that differs.
        """
        self.compare_with_model(lambda: EventModelMachine(storage))
