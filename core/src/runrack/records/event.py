"""Event, the entry that holds it in the log, and the record that holds the entry in a storage."""

import logging
import math
import time

import msgspec

from runrack.errors import InvalidArgumentError, InvariantViolationError, with_article
from runrack.records import event_data as data
from runrack.records.asset import AssetCheckEvaluation, AssetMaterialization, AssetObservation
from runrack.records.asset_key import AssetKey
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.event_type import STATUS_AFTER, EventType
from runrack.records.log_level import PYTHON_LOGGING_LEVELS_NAMES
from runrack.records.record import Record, new_event_id

REQUIRED_DATA: dict[EventType, type[Record]] = {
    EventType.STEP_OUTPUT: data.StepOutputData,
    EventType.STEP_INPUT: data.StepInputData,
    EventType.STEP_SUCCESS: data.StepSuccessData,
    EventType.STEP_FAILURE: data.StepFailureData,
    EventType.STEP_UP_FOR_RETRY: data.StepRetryData,
    EventType.STEP_EXPECTATION_RESULT: data.StepExpectationResultData,
    EventType.ASSET_MATERIALIZATION: data.StepMaterializationData,
    EventType.ASSET_OBSERVATION: data.AssetObservationData,
    EventType.ASSET_CHECK_EVALUATION: data.AssetCheckEvaluationData,
    EventType.ASSET_MATERIALIZATION_PLANNED: data.AssetMaterializationPlannedData,
    EventType.ASSET_WIPED: data.AssetWipedData,
    EventType.HANDLED_OUTPUT: data.HandledOutputData,
    EventType.LOADED_INPUT: data.LoadedInputData,
    EventType.HOOK_ERRORED: data.HookErroredData,
    EventType.LOGS_CAPTURED: data.ComputeLogsCaptureData,
}
"""The payload that an event of a type must carry. Types that are missing here may go without one."""

OPTIONAL_DATA: dict[EventType, type[Record]] = {
    EventType.RUN_ENQUEUED: data.RunEnqueuedData,
    EventType.RUN_FAILURE: data.RunFailureData,
    EventType.RUN_CANCELED: data.RunCanceledData,
}
"""The only payload that an event of a type may carry. Types found in neither table may carry `EngineEventData`."""


class Event(Record, frozen=True):
    """Something that happened, typed.

    Attributes:
        event_type: What happened.
        job_name: In which job; "" for an event without a run.
        step_key: In which step.
        message: For people.
        event_specific_data: The payload that belongs to the type.
        pid: The process that it happened in.
    """

    event_type: EventType
    job_name: str
    step_key: str | None = None
    message: str | None = None
    event_specific_data: data.EventSpecificData | None = None
    pid: int | None = None

    def __post_init__(self) -> None:
        payload = self.event_specific_data
        required = REQUIRED_DATA.get(self.event_type)
        if required is not None:
            if not isinstance(payload, required):
                raise InvalidArgumentError(
                    f"an event of type {self.event_type} carries {with_article(required.__name__)}"
                )
        elif payload is not None:
            allowed = OPTIONAL_DATA.get(self.event_type, data.EngineEventData)
            if not isinstance(payload, allowed):
                raise InvalidArgumentError(
                    f"an event of type {self.event_type} carries {with_article(allowed.__name__)} or nothing"
                )

    @property
    def is_run_event(self) -> bool:
        """Whether the event implies a status of its run."""
        return self.event_type in STATUS_AFTER

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that the event is about."""
        payload = self.event_specific_data
        if isinstance(payload, data.StepMaterializationData):
            return payload.materialization.asset_key
        if isinstance(payload, data.AssetObservationData):
            return payload.asset_observation.asset_key
        if isinstance(payload, data.AssetCheckEvaluationData):
            return payload.asset_check_evaluation.asset_key
        if isinstance(payload, data.AssetMaterializationPlannedData | data.AssetWipedData):
            return payload.asset_key
        return None

    @property
    def partition(self) -> str | None:
        """The partition of the asset that the event is about."""
        payload = self.event_specific_data
        if isinstance(payload, data.StepMaterializationData):
            return payload.materialization.partition
        if isinstance(payload, data.AssetObservationData):
            return payload.asset_observation.partition
        if isinstance(payload, data.AssetCheckEvaluationData):
            return payload.asset_check_evaluation.partition
        if isinstance(payload, data.AssetMaterializationPlannedData):
            return payload.partition
        return None


class EventLogEntry(Record, frozen=True, tag_field="record", tag="event/1"):
    """One line of a run's log: a structured event, or a plain message.

    Attributes:
        error_info: The error that the line is about.
        level: A level of Python's logging: a number, or a name in any case.
        user_message: The text of a plain message; "" for an event.
        run_id: The run that it belongs to; "" for an event without a run.
        timestamp: Seconds since 1970, a float.
        step_key: The step that it came from.
        job_name: The job that it came from.
        event: The structured event.
        event_id: Made by the writer and unique, so that a repeated write is stored once.
    """

    error_info: SerializableErrorInfo | None
    level: int
    user_message: str
    run_id: str
    timestamp: float
    step_key: str | None = None
    job_name: str | None = None
    event: Event | None = None
    event_id: str = msgspec.field(default_factory=new_event_id)

    def __post_init__(self) -> None:
        if type(self.level) is not int:
            msgspec.structs.force_setattr(self, "level", _level_number(self.level))
        if type(self.timestamp) is not float or not math.isfinite(self.timestamp):
            raise InvalidArgumentError("the timestamp of a log entry is a finite float: seconds since 1970")

    @property
    def is_event(self) -> bool:
        """Whether the entry holds a structured event."""
        return self.event is not None

    def get_event(self) -> Event:
        """Return the structured event.

        Raises:
            InvariantViolationError: The entry is a plain message.
        """
        if self.event is None:
            raise InvariantViolationError(
                "this log entry is a plain message, not an event: look at is_event first"
            )
        return self.event

    @property
    def event_type(self) -> EventType | None:
        """The type of the structured event; None for a plain message."""
        return None if self.event is None else self.event.event_type

    @property
    def message(self) -> str:
        """The event's message where it has one, else the plain message."""
        if self.event is not None and self.event.message is not None:
            return self.event.message
        return self.user_message

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """The materialization that the entry reports."""
        payload = None if self.event is None else self.event.event_specific_data
        return payload.materialization if isinstance(payload, data.StepMaterializationData) else None

    @property
    def asset_observation(self) -> AssetObservation | None:
        """The observation that the entry reports."""
        payload = None if self.event is None else self.event.event_specific_data
        return payload.asset_observation if isinstance(payload, data.AssetObservationData) else None

    @property
    def asset_check_evaluation(self) -> AssetCheckEvaluation | None:
        """The evaluation of a check that the entry reports."""
        payload = None if self.event is None else self.event.event_specific_data
        return payload.asset_check_evaluation if isinstance(payload, data.AssetCheckEvaluationData) else None

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the materialization or observation that the entry reports."""
        fact = self.asset_materialization or self.asset_observation
        return {} if fact is None else dict(fact.tags)


def event_entry(
    event: Event, run_id: str, level: int | str = "INFO", timestamp: float | None = None
) -> EventLogEntry:
    """Return the line of a run's log that holds `event`; it happened now unless `timestamp` says when."""
    return EventLogEntry(
        error_info=None,
        level=level,  # type: ignore[arg-type]  # the record takes names as well
        user_message="",
        run_id=run_id,
        timestamp=time.time() if timestamp is None else timestamp,
        step_key=event.step_key,
        job_name=event.job_name,
        event=event,
    )


class EventLogRecord(Record, frozen=True):
    """A stored entry.

    Attributes:
        storage_id: Positive; grows in the order in which entries were stored.
        event_log_entry: The entry.
        late: Whether it is a run event that came after the run had left the state in which it would have counted, or
            from a holder of an old epoch: kept, never applied.
    """

    storage_id: int
    event_log_entry: EventLogEntry
    late: bool = False

    @property
    def run_id(self) -> str:
        """The run that the entry belongs to."""
        return self.event_log_entry.run_id

    @property
    def timestamp(self) -> float:
        """When it happened, in seconds since 1970."""
        return self.event_log_entry.timestamp

    @property
    def event_type(self) -> EventType:
        """The type of the event.

        Raises:
            InvariantViolationError: The entry is a plain message.
        """
        return self.event_log_entry.get_event().event_type

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that the event is about."""
        event = self.event_log_entry.event
        return None if event is None else event.asset_key

    @property
    def partition_key(self) -> str | None:
        """The partition that the event is about."""
        event = self.event_log_entry.event
        return None if event is None else event.partition

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """The materialization that the entry reports."""
        return self.event_log_entry.asset_materialization

    @property
    def asset_observation(self) -> AssetObservation | None:
        """The observation that the entry reports."""
        return self.event_log_entry.asset_observation


def _level_number(level: object) -> int:
    if isinstance(level, str) and level.upper() in PYTHON_LOGGING_LEVELS_NAMES:
        return logging.getLevelNamesMapping()[level.upper()]
    raise InvalidArgumentError(
        f"the level of a log entry is a number or one of {', '.join(PYTHON_LOGGING_LEVELS_NAMES)}"
    )
