"""PendingPlans: what runs are going to write of one asset, and have not written yet."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from runrack.records.asset_record import PendingPlan
from runrack.records.event import EventLogRecord
from runrack.records.event_type import EventType

DECIDING = frozenset({EventType.RUN_SUCCESS, EventType.RUN_FAILURE})
"""The events after which a run writes nothing more, and its newest plan counts."""


class PendingPlans:
    """Plans by partition and run, without those that nothing can depend on any more."""

    def __init__(self) -> None:
        self._plans: dict[str, dict[str, PendingPlan]] = defaultdict(dict)
        self._decided: set[PendingPlan] = set()

    def clear(self) -> None:
        """Forget all plans."""
        self._plans.clear()
        self._decided.clear()

    def apply(self, record: EventLogRecord) -> None:
        """Follow one stored event of the asset."""
        partition = record.partition_key
        if partition is None:
            return
        if record.event_type is EventType.ASSET_MATERIALIZATION:
            self.drop_partition(partition)
        elif record.event_type is EventType.ASSET_MATERIALIZATION_PLANNED:
            self._plans[partition][record.run_id] = PendingPlan(partition, record.storage_id, record.run_id)

    def drop_partition(self, partition: str) -> None:
        """Forget the plans of a partition."""
        self._plans.pop(partition, None)

    def drop_run(self, run_id: str) -> None:
        """Forget the plans of a run."""
        for plans in self._plans.values():
            plans.pop(run_id, None)

    def decide(self, run_id: str) -> None:
        """Note that a run has ended: of the plans of a partition whose runs have, only the newest one stays."""
        for plans in self._plans.values():
            if run_id not in plans:
                continue
            self._decided.add(plans[run_id])
            decided = sorted(self._decided.intersection(plans.values()), key=_storage_id)
            for superseded in decided[:-1]:
                del plans[superseded.run_id]

    def select(self, partitions: Collection[str]) -> Sequence[PendingPlan]:
        """Return the plans of some partitions, or of all when there are none; newest first."""
        found = [
            plan
            for partition, plans in self._plans.items()
            if not partitions or partition in partitions
            for plan in plans.values()
        ]
        return sorted(found, key=_storage_id, reverse=True)


def _storage_id(plan: PendingPlan) -> int:
    return plan.storage_id
