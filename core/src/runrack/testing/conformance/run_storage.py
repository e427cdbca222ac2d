"""RunStorageConformance: what it means to be a run storage."""

from runrack.interfaces.run_storage import RunStorage
from runrack.testing.conformance.model_comparison import ModelComparison
from runrack.testing.conformance.run_bookkeeping import CursorValueTests, HeartbeatTests, SnapshotTests
from runrack.testing.conformance.run_claim_model import RunClaimModelMachine
from runrack.testing.conformance.run_claims import RunClaimTests
from runrack.testing.conformance.run_filters import RunFilterTests
from runrack.testing.conformance.run_model import RunModelMachine
from runrack.testing.conformance.run_queue import RunQueueTests
from runrack.testing.conformance.run_races import RunRaceTests
from runrack.testing.conformance.run_reading import RunReadingTests
from runrack.testing.conformance.run_writing import RunWritingTests


class RunStorageConformance(
    RunReadingTests,
    RunFilterTests,
    RunWritingTests,
    RunRaceTests,
    RunClaimTests,
    RunQueueTests,
    SnapshotTests,
    HeartbeatTests,
    CursorValueTests,
    ModelComparison,
):
    """The tests of a run storage."""

    def test_a_run_storage_behaves_as_its_model(self, storage: RunStorage) -> None:
        """Whatever is done in whatever order, the storage gives what a plain dict would give.

        Look at the last operations of the example that hypothesis prints: it is the shortest that differs.
        """
        self.compare_with_model(lambda: RunModelMachine(storage))

    def test_claims_behave_as_their_model(self, storage: RunStorage) -> None:
        """Whatever is claimed, renewed, released or expired while runs change, the right owner holds each run.

        Look at the last operations of the example that hypothesis prints: it is the shortest that differs.
        """
        self.compare_with_model(lambda: RunClaimModelMachine(storage))
