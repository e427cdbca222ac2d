"""What starts runs by itself (an instigator: a schedule or a sensor), its state, and each time that it was asked."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.record import Record

MAX_TICK_KEY_LENGTH = 128
"""How long the key by which a tick is claimed may be."""


class InstigatorType(StrEnum):
    """What kind of instigator."""

    SCHEDULE = "SCHEDULE"
    SENSOR = "SENSOR"


class InstigatorStatus(StrEnum):
    """Whether an instigator runs: by a person's will, or as its code declares."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    DECLARED_IN_CODE = "DECLARED_IN_CODE"


class TickStatus(StrEnum):
    """What came of a tick."""

    STARTED = "STARTED"
    SKIPPED = "SKIPPED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class InstigatorOrigin(Record, frozen=True):
    """Which instigator of which code location.

    Attributes:
        location_name: The code location.
        instigator_name: Its name there.
        executable: The interpreter of the location; part of the origin, not of the selector.
    """

    location_name: str
    instigator_name: str
    executable: str | None = None

    @property
    def origin_id(self) -> str:
        """A digest of all fields."""
        return _digest(self.location_name, self.instigator_name, self.executable or "")

    @property
    def selector_id(self) -> str:
        """A digest of the location and the name: the same after the location moved to another interpreter."""
        return _digest(self.location_name, self.instigator_name)

    @property
    def repository_selector_id(self) -> str:
        """A digest of the location."""
        return _digest(self.location_name)


class ScheduleInstigatorData(Record, frozen=True, tag="schedule"):
    """What a schedule remembers.

    Attributes:
        cron_schedule: One cron expression or several.
        start_timestamp: Since when it runs, in seconds since 1970.
        last_iteration_timestamp: A tick up to which it was evaluated; later ones may be stored.
        execution_timezone: The time zone of the expressions; UTC when None.
    """

    cron_schedule: str | Sequence[str]
    start_timestamp: float | None = None
    last_iteration_timestamp: float | None = None
    execution_timezone: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.cron_schedule, str):
            # What is stored is read back as a list: one type makes the two compare equal.
            msgspec.structs.force_setattr(self, "cron_schedule", tuple(self.cron_schedule))


class SensorInstigatorData(Record, frozen=True, tag="sensor"):
    """What a sensor remembers.

    Attributes:
        last_tick_timestamp: When it was last evaluated, in seconds since 1970.
        last_run_key: The run key that it asked for last.
        min_interval: Seconds between two evaluations.
        cursor: The sensor's own bookmark.
    """

    last_tick_timestamp: float | None = None
    last_run_key: str | None = None
    min_interval: float | None = None
    cursor: str | None = None


InstigatorData = ScheduleInstigatorData | SensorInstigatorData


class InstigatorState(Record, frozen=True, tag_field="record", tag="instigator/1"):
    """Whether an instigator runs, and what it remembers. A schedule needs `ScheduleInstigatorData`."""

    origin: InstigatorOrigin
    instigator_type: InstigatorType
    status: InstigatorStatus
    instigator_data: InstigatorData | None = None

    def __post_init__(self) -> None:
        is_schedule = self.instigator_type is InstigatorType.SCHEDULE
        if is_schedule and not isinstance(self.instigator_data, ScheduleInstigatorData):
            raise InvalidArgumentError("the state of a schedule carries ScheduleInstigatorData")

    @property
    def is_running(self) -> bool:
        """Whether it is not stopped."""
        return self.status is not InstigatorStatus.STOPPED

    @property
    def instigator_origin_id(self) -> str:
        """The origin's digest."""
        return self.origin.origin_id

    @property
    def selector_id(self) -> str:
        """The selector's digest."""
        return self.origin.selector_id


class TickData(Record, frozen=True, kw_only=True, tag_field="record", tag="tick/1"):
    """One evaluation of an instigator.

    Attributes:
        instigator_origin_id, selector_id: Which instigator.
        instigator_name: Its name.
        instigator_type: Its type.
        status: What came of it.
        timestamp: When it was due, in seconds since 1970.
        end_timestamp: When it ended.
        run_ids, run_keys: The runs asked for.
        error: Given exactly when the status is FAILURE.
        skip_reason: Given only when the status is SKIPPED.
        cursor: The sensor's bookmark after it.
        failure_count: How often it was tried in vain.
    """

    instigator_origin_id: str
    instigator_name: str
    instigator_type: InstigatorType
    status: TickStatus
    timestamp: float
    selector_id: str
    end_timestamp: float | None = None
    run_ids: tuple[str, ...] = ()
    run_keys: tuple[str, ...] = ()
    error: SerializableErrorInfo | None = None
    skip_reason: str | None = None
    cursor: str | None = None
    failure_count: int = 0

    def __post_init__(self) -> None:
        if (self.error is not None) != (self.status is TickStatus.FAILURE):
            raise InvalidArgumentError("a tick carries an error exactly when its status is FAILURE")
        if self.skip_reason is not None and self.status is not TickStatus.SKIPPED:
            raise InvalidArgumentError("a tick carries a skip_reason only when its status is SKIPPED")


class InstigatorTick(Record, frozen=True):
    """A stored tick."""

    tick_id: int
    tick_data: TickData

    @property
    def status(self) -> TickStatus:
        """What came of it."""
        return self.tick_data.status

    @property
    def timestamp(self) -> float:
        """When it was due, in seconds since 1970."""
        return self.tick_data.timestamp

    def with_data(self, **changes: object) -> "InstigatorTick":
        """Return the tick with some fields of its data changed."""
        return InstigatorTick(self.tick_id, msgspec.structs.replace(self.tick_data, **changes))


def check_tick_key(key: str) -> None:
    """Refuse what cannot be the key of a claimed tick.

    Raises:
        InvalidArgumentError: It is no string, empty, or longer than `MAX_TICK_KEY_LENGTH`.
    """
    if not isinstance(key, str) or not 0 < len(key) <= MAX_TICK_KEY_LENGTH:
        raise InvalidArgumentError(
            f"the key of a tick is a string of 1 to {MAX_TICK_KEY_LENGTH} characters, not {key!r:.60}"
        )


def _digest(*parts: str) -> str:
    import hashlib  # slow to import, and the tables of statuses above are read at every start

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
