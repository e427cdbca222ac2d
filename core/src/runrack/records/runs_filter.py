"""RunsFilter: which runs are meant."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.records import tags as tag_names
from runrack.records.record import Record
from runrack.records.run_status import RunStatus

_TIME_FIELDS = ("updated_after", "updated_before", "created_after", "created_before")


class RunsFilter(Record, frozen=True, kw_only=True):
    """Selects the runs that satisfy every field given; a field left out permits everything.

    Attributes:
        run_ids: Any of these ids. An empty list is refused.
        job_name: Exactly this job.
        statuses: Any of these; empty means all.
        tags: Every key must match; a list of values means any of them, an empty list nothing.
        snapshot_id: Runs of this job snapshot.
        updated_after, updated_before, created_after, created_before: Strict bounds. A datetime without a time zone is
            taken as UTC, any other is converted.
        exclude_subruns: Hides the runs of backfills.
    """

    run_ids: Sequence[str] | None = None
    job_name: str | None = None
    statuses: Sequence[RunStatus] = ()
    tags: Mapping[str, str | Sequence[str]] = msgspec.field(default_factory=dict)
    snapshot_id: str | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    exclude_subruns: bool = False

    def __post_init__(self) -> None:
        force = msgspec.structs.force_setattr
        if isinstance(self.run_ids, str) or (self.run_ids is not None and not self.run_ids):
            raise InvalidArgumentError("run_ids of a RunsFilter is a list with at least one id, or left out")
        force(self, "statuses", tuple(RunStatus(status) for status in self.statuses or ()))
        force(self, "tags", dict(self.tags or {}))
        for name in _TIME_FIELDS:
            moment = getattr(self, name)
            if moment is not None:
                force(self, name, _in_utc(moment))

    @staticmethod
    def for_schedule(schedule_name: str) -> "RunsFilter":
        """Return the filter for the runs that a schedule asked for."""
        return RunsFilter(tags={tag_names.SCHEDULE_NAME: schedule_name})

    @staticmethod
    def for_sensor(sensor_name: str) -> "RunsFilter":
        """Return the filter for the runs that a sensor asked for."""
        return RunsFilter(tags={tag_names.SENSOR_NAME: sensor_name})

    @staticmethod
    def for_backfill(backfill_id: str) -> "RunsFilter":
        """Return the filter for the runs of a backfill."""
        return RunsFilter(tags={tag_names.BACKFILL: backfill_id})


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
