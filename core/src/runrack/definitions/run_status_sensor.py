"""RunStatusSensorDefinition: is asked about each run that has come to a status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import update_wrapper
from typing import Any

from typing_extensions import override

from runrack.definitions.instigator import (
    Answer,
    CoercibleToJob,
    call_with_context,
    check_function,
    merged_jobs,
)
from runrack.definitions.job import JobDefinition
from runrack.definitions.sensor import DEFAULT_INTERVAL_SECONDS, SensorDefinition, SensorEvaluationContext
from runrack.errors import InvalidDefinitionError
from runrack.interfaces.part import InstanceServices
from runrack.records.cursor import EventLogCursor
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_filter import RunStatusChangeRecordsFilter
from runrack.records.event_type import STATUS_AFTER, EventType
from runrack.records.run import Run
from runrack.records.run_request import RunRequest
from runrack.records.run_status import RunStatus
from runrack.records.tick import InstigatorStatus

EVENTS_A_TICK = 50
_TYPE_OF_STATUS: dict[RunStatus, EventType] = {status: event for event, status in STATUS_AFTER.items()}


class RunStatusSensorContext:
    """What the function of a run status sensor is given.

    Attributes:
        sensor_name: The sensor.
        run: The run, as it is stored now.
        event_log_entry: The event by which it came to the status.
        instance: Where it is stored.
    """

    def __init__(
        self, sensor_name: str, run: Run, event_log_entry: EventLogEntry, instance: InstanceServices
    ) -> None:
        self.sensor_name = sensor_name
        self.run = run
        self.event_log_entry = event_log_entry
        self.instance = instance

    @property
    def failure_message(self) -> str | None:
        """What the event says, of a run that failed why."""
        return self.event_log_entry.message


class RunStatusSensorDefinition(SensorDefinition):
    """Is asked about each run that has come to a status, in the order in which that was stored.

    - A sensor that is new begins with what happens from then on.
    - When its function raises, the tick fails, and the next one goes on with the next run: no run is asked about twice.

    Args:
        name: What users call it.
        run_status: The status.
        function: Is called with a RunStatusSensorContext; answers as the function of a sensor does.
        monitored_jobs: Only runs of these jobs, or of jobs of these names; all jobs when left out.
        jobs, minimum_interval_seconds, default_status, tags, description: As for `SensorDefinition`.

    Raises:
        InvalidDefinitionError: No event brings a run to the status, or as for `SensorDefinition`.
    """

    is_of_run_status = True

    def __init__(
        self,
        name: str,
        *,
        run_status: RunStatus,
        function: Callable[..., Any],
        monitored_jobs: Iterable[CoercibleToJob] | None = None,
        jobs: Iterable[CoercibleToJob] | None = None,
        minimum_interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
        default_status: InstigatorStatus = InstigatorStatus.STOPPED,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(
            name,
            evaluation_fn=function,
            jobs=jobs,
            minimum_interval_seconds=minimum_interval_seconds,
            default_status=default_status,
            tags=tags,
            description=description,
        )
        if run_status not in _TYPE_OF_STATUS:
            names = ", ".join(_TYPE_OF_STATUS)
            raise InvalidDefinitionError(
                f"the run_status of sensor {name!r} is one of {names}, not {run_status!r}"
            )
        self.run_status = RunStatus(run_status)
        self.monitored_job_names = (
            None
            if monitored_jobs is None
            else tuple(job.name if isinstance(job, JobDefinition) else str(job) for job in monitored_jobs)
        )

    @override
    def __call__(self, context: Any = None) -> Any:
        return call_with_context(self._function, context)

    @override
    def evaluate(self, context: SensorEvaluationContext) -> Answer:
        if context.cursor is None:
            context.update_cursor(self._present(context.instance))
            return (), "looks for runs from now on"
        page = context.instance.event_log_storage.fetch_run_status_changes(
            self._filter(), EVENTS_A_TICK, context.cursor, ascending=True
        )
        requests: list[RunRequest] = []
        reason = None
        for record in page.records:
            context.update_cursor(EventLogCursor.from_storage_id(record.storage_id).to_string())
            asked, reason = self._ask_about(record, context.instance)
            requests += asked
        return tuple(requests), None if requests else reason

    def _ask_about(self, record: EventLogRecord, instance: InstanceServices) -> Answer:
        run = None if record.late else instance.get_run_by_id(record.run_id)
        if run is None:
            return (), None
        entry = record.event_log_entry
        return self.read_answer(self(RunStatusSensorContext(self.name, run, entry, instance)))

    def _present(self, instance: InstanceServices) -> str:
        newest = instance.event_log_storage.get_maximum_record_id()
        return EventLogCursor.from_storage_id(newest or 0).to_string()

    def _filter(self) -> RunStatusChangeRecordsFilter:
        return RunStatusChangeRecordsFilter(
            _TYPE_OF_STATUS[self.run_status], job_names=self.monitored_job_names
        )


def run_status_sensor(
    *,
    run_status: RunStatus,
    name: str | None = None,
    monitored_jobs: Iterable[CoercibleToJob] | None = None,
    request_job: CoercibleToJob | None = None,
    request_jobs: Iterable[CoercibleToJob] | None = None,
    minimum_interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
    default_status: InstigatorStatus = InstigatorStatus.STOPPED,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]:
    """Return a sensor whose decorated function is called with each run that comes to a status.

    The function takes a RunStatusSensorContext and answers as that of a `sensor`; mostly with nothing.

    Args:
        run_status: The status.
        name: What users call it; the function's name when left out.
        monitored_jobs: Only runs of these jobs; all jobs when left out.
        request_job: The job that it may ask to run.
        request_jobs: Several of them, given instead of `request_job`.
        minimum_interval_seconds: How much time lies between two evaluations, at least.
        default_status: Whether it runs while nobody has said so.
        tags: Labels of its runs.
        description: For people; the function's docstring when left out.

    Raises:
        InvalidDefinitionError: As for `RunStatusSensorDefinition`.
    """
    jobs = merged_jobs("@run_status_sensor", request_job, request_jobs)

    def define(function: Callable[..., Any]) -> RunStatusSensorDefinition:
        made = RunStatusSensorDefinition(
            name or check_function("@run_status_sensor", function).__name__,
            run_status=run_status,
            function=function,
            monitored_jobs=monitored_jobs,
            jobs=jobs,
            minimum_interval_seconds=minimum_interval_seconds,
            default_status=default_status,
            tags=tags,
            description=function.__doc__ if description is None else description,
        )
        update_wrapper(made, function)
        return made

    return define


def run_failure_sensor(
    *,
    name: str | None = None,
    monitored_jobs: Iterable[CoercibleToJob] | None = None,
    request_job: CoercibleToJob | None = None,
    request_jobs: Iterable[CoercibleToJob] | None = None,
    minimum_interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
    default_status: InstigatorStatus = InstigatorStatus.STOPPED,
    description: str | None = None,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]:
    """Return a sensor whose decorated function is called with each run that fails. As `run_status_sensor`."""
    return run_status_sensor(
        run_status=RunStatus.FAILURE,
        name=name,
        monitored_jobs=monitored_jobs,
        request_job=request_job,
        request_jobs=request_jobs,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description=description,
    )
