"""RunStorage: keeps runs, their tags and snapshots, signs of life, and named bookmarks."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from runrack.errors import RunNotFoundError
from runrack.interfaces.part import InstancePart
from runrack.interfaces.run_claims import RunClaims
from runrack.interfaces.run_queue import RunQueue
from runrack.records import tags as tag_names
from runrack.records.event import Event
from runrack.records.heartbeat import DaemonHeartbeat
from runrack.records.run import Run, RunPartitionData, RunRecord
from runrack.records.runs_filter import RunsFilter
from runrack.records.snapshot import Snapshot

RUN_ORDERS = (
    "id",
    "run_id",
    "job_name",
    "status",
    "create_timestamp",
    "update_timestamp",
    "start_time",
    "end_time",
)
"""What `get_run_records` can order by. Ties are ordered by `id`; rows without a value come first when ascending."""


class SnapshotStore(ABC):
    """Keeps snapshots by their content address."""

    @abstractmethod
    def add_snapshot(self, snapshot: Snapshot) -> str:
        """Store `snapshot` and return its id (`snapshot_id`).

        - Adding an equal snapshot again changes nothing and returns the same id.
        """

    @abstractmethod
    def get_snapshot(self, snapshot_id: str) -> Snapshot | None:
        """Return the snapshot with this id; None when it is not stored."""

    def has_snapshot(self, snapshot_id: str) -> bool:
        """Tell whether a snapshot with this id is stored."""
        return self.get_snapshot(snapshot_id) is not None


class HeartbeatStore(ABC):
    """Keeps the latest sign of life of each kind of daemon."""

    @abstractmethod
    def add_daemon_heartbeat(self, daemon_heartbeat: DaemonHeartbeat) -> None:
        """Store the heartbeat as the only one of its daemon type.

        - The last one written wins, even when its timestamp is older.
        - Concurrent writers never fail because of each other.
        """

    @abstractmethod
    def get_daemon_heartbeats(self) -> Mapping[str, DaemonHeartbeat]:
        """Return daemon type to its latest heartbeat; empty when there are none."""

    @abstractmethod
    def wipe_daemon_heartbeats(self) -> None:
        """Remove all heartbeats."""


class CursorStore(ABC):
    """Keeps named bookmarks, such as how far a daemon has read."""

    @abstractmethod
    def get_cursor_values(self, keys: Collection[str]) -> Mapping[str, str]:
        """Return key to value for those of `keys` that are stored; the others are left out."""

    @abstractmethod
    def set_cursor_values(self, values: Mapping[str, str]) -> None:
        """Store every pair, replacing the values of keys that exist; all or none."""


class RunStorage(RunClaims, RunQueue, SnapshotStore, HeartbeatStore, CursorStore, InstancePart, ABC):
    """Keeps runs, and who works on them.

    Every call that has returned is durable. Calls may come from any thread and any process at once. Strings compare
    case-sensitively and by code point. Timestamps are aware and in UTC.
    """

    @abstractmethod
    def add_run(self, run: Run, *, create_time: datetime | None = None) -> Run:
        """Store a new run and return it.

        - The run, its tags and its place in the order of insertion appear together.
        - `create_time` is the creation and first update time; now when left out.

        Raises:
            RunAlreadyExistsError: A run with this id is stored; nothing is changed.
            SnapshotNotFoundError: The run names a job snapshot that is not stored.
        """

    @abstractmethod
    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Sequence[RunRecord]:
        """Return the stored runs that `filters` selects, newest first.

        - Ordered by insertion, or by `order_by` (one of `RUN_ORDERS`, ties by insertion); `ascending` reverses.
        - `cursor` is a run id: only runs inserted before it, or after it when ascending. An unknown id gives nothing,
          an empty one is no cursor. It compares insertion also when `order_by` names something else.
        - `limit` 0 gives nothing, None everything.
        - The status of `RunRecord.run` and its tags are the current ones.

        Raises:
            InvalidArgumentError: `limit` is negative, or `order_by` is none of `RUN_ORDERS`.
        """

    @abstractmethod
    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs `filters` selects."""

    @abstractmethod
    def handle_run_event(
        self, run_id: str, event: Event, *, update_timestamp: datetime | None = None, epoch: int | None = None
    ) -> bool:
        """Move the run to the status that `event` implies, and tell whether it did.

        - Nothing happens (False) when the event implies no status, the run is unknown, the transition is not in
          `runrack.records.run_status.TRANSITIONS`, or `epoch` is given and is not the run's current one. The check and
          the change are one atomic step.
        - `update_timestamp` (now when left out) becomes the update time; RUN_START sets the start time, an event that
          ends the run the end time and takes away its owner.
        - The failure reason of a RUN_FAILURE, unless UNKNOWN, becomes the tag `runrack/failure_reason` in the same step.
        """

    @abstractmethod
    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Set tags of a run, keeping its other tags, and renew its update time.

        - Concurrent calls for one run lose nothing of each other.

        Raises:
            RunNotFoundError: No such run.
            InvalidArgumentError: A key or value is no string.
        """

    @abstractmethod
    def get_run_tags(
        self,
        tag_keys: Collection[str] | None = None,
        value_prefix: str | None = None,
        limit: int | None = None,
    ) -> Sequence[tuple[str, set[str]]]:
        """Return each key with the values that runs carry for it now, ordered by key.

        - Only `tag_keys` when given (an empty collection gives nothing), only values that start with `value_prefix`.
        - `limit` counts pairs of key and value in the order of key, then value.
        """

    @abstractmethod
    def get_run_tag_keys(self) -> Sequence[str]:
        """Return every tag key that some run carries, sorted."""

    @abstractmethod
    def delete_run(self, run_id: str) -> None:
        """Remove a run and its tags. An unknown run is no error; other runs of its group stay."""

    @abstractmethod
    def wipe(self) -> None:
        """Remove all runs, tags, snapshots and heartbeats; bookmarks stay."""

    def add_historical_run(self, run: Run, create_time: datetime) -> Run:
        """Store a run that was made at `create_time`. As `add_run` otherwise."""
        return self.add_run(run, create_time=create_time)

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[Run]:
        """Return runs. As `get_run_records`."""
        records = self.get_run_records(filters, limit=limit, ascending=ascending, cursor=cursor)
        return [record.run for record in records]

    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Sequence[str]:
        """Return ids of runs, newest first. As `get_run_records`."""
        return [record.run.run_id for record in self.get_run_records(filters, limit=limit, cursor=cursor)]

    def get_run_record_by_id(self, run_id: str) -> RunRecord | None:
        """Return the record of one run; None when it is unknown or `run_id` is empty."""
        records = self.get_run_records(RunsFilter(run_ids=[run_id])) if run_id else ()
        return records[0] if records else None

    def get_run_by_id(self, run_id: str) -> Run | None:
        """Return one run; None when it is unknown or `run_id` is empty."""
        record = self.get_run_record_by_id(run_id)
        return None if record is None else record.run

    def has_run(self, run_id: str) -> bool:
        """Tell whether the run is stored."""
        return self.get_run_record_by_id(run_id) is not None

    def get_run_partition_data(self, filters: RunsFilter | None = None) -> Sequence[RunPartitionData]:
        """Return the newest of the runs that `filters` selects for each partition, sorted by partition.

        - The partition of a run is its tag `runrack/partition`; runs without one are left out.
        - Asks once for each partition, however many runs each has.
        """
        chosen = filters or RunsFilter()
        newest: list[RunPartitionData] = []
        for partition in sorted(self._partitions(chosen)):
            tags = {**chosen.tags, tag_names.PARTITION: partition}
            records = self.get_run_records(replace(chosen, tags=tags), limit=1)
            newest += [_partition_data(partition, record) for record in records]
        return newest

    def _partitions(self, filters: RunsFilter) -> set[str]:
        """Return the partitions that runs may have which `filters` selects."""
        wanted = filters.tags.get(tag_names.PARTITION)
        if wanted is not None:
            return {wanted} if isinstance(wanted, str) else set(wanted)
        return {value for _, values in self.get_run_tags([tag_names.PARTITION]) for value in values}

    def get_run_group(self, run_id: str) -> tuple[str, Sequence[Run]]:
        """Return the root's id and the runs of a group of retries: the root first, then the others, oldest first.

        A run belongs to the group of the root that its tag `runrack/root_run_id` names.

        Raises:
            RunNotFoundError: The run or its root is unknown.
        """
        run = self.get_run_by_id(run_id)
        if run is None:
            raise RunNotFoundError(run_id)
        root = run if run.root_run_id is None else self.get_run_by_id(run.root_run_id)
        if root is None:
            raise RunNotFoundError(str(run.root_run_id))
        others = self.get_runs(RunsFilter(tags={tag_names.ROOT_RUN_ID: root.run_id}), ascending=True)
        return root.run_id, [root, *(other for other in others if other.run_id != root.run_id)]


def _partition_data(partition: str, record: RunRecord) -> RunPartitionData:
    return RunPartitionData(
        partition=partition,
        run_id=record.run.run_id,
        status=record.run.status,
        start_time=record.start_time,
        end_time=record.end_time,
    )
