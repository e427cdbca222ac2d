"""Fakes of code locations: definitions in this process instead of in one of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

from runrack.definitions.definitions import Definitions
from runrack.definitions.schedule import ScheduleDefinition, ScheduleEvaluationContext
from runrack.definitions.sensor import SensorDefinition, SensorEvaluationContext
from runrack.errors import LocationUnavailableError, NotFoundError
from runrack.interfaces.part import InstanceServices
from runrack.interfaces.workspace import (
    DEFAULT_TIMEOUT_SECONDS,
    CodeLocation,
    JobInfo,
    LocationContents,
    LocationInfo,
    LocationState,
    RunProcess,
    StartRunRequest,
    TickRequest,
    TickResult,
    Workspace,
)
from runrack.records.error_info import error_info_from_exception
from runrack.records.run import JobCodeOrigin, Run
from runrack.records.tick import InstigatorType
from runrack.workspace.loaded_code import schedule_info, sensor_info


class FakeLocation(CodeLocation):
    """Definitions as a code location; each question is answered in this process.

    Args:
        definitions: What it holds; None while its code cannot be loaded. It may be changed.
        instance: What the functions of schedules and sensors get.
        name: Its name.

    Attributes:
        definitions: What it holds.
        asked: The questions, in their order.
        before_answer: Called before each answer.
    """

    def __init__(
        self, definitions: Definitions | None, instance: InstanceServices | None = None, name: str = "here"
    ) -> None:
        self.definitions = definitions
        self.asked: list[TickRequest] = []
        self.before_answer: Callable[[TickRequest], object] = lambda _request: None
        self._instance = instance
        self._name = name

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    def get_contents(self) -> LocationContents:
        held = self._loaded()
        return LocationContents(
            jobs=tuple(
                JobInfo(
                    job.name,
                    JobCodeOrigin(job.name, job.name, module="jobs"),
                    job.snapshot,
                    job.tags,
                    has_partitions=job.partitions_def is not None,
                )
                for job in held.jobs.values()
            ),
            schedules=tuple(schedule_info(schedule) for schedule in held.schedules.values()),
            sensors=tuple(sensor_info(sensor) for sensor in held.sensors.values()),
        )

    @override
    def evaluate_tick(
        self, request: TickRequest, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> TickResult:
        self.asked.append(request)
        self.before_answer(request)
        held = self._loaded()
        if request.instigator_type is InstigatorType.SCHEDULE:
            return self._ask_schedule(held.get_schedule(request.instigator_name), request)
        return self._ask_sensor(held.get_sensor(request.instigator_name), request)

    @override
    def get_partition_keys(
        self,
        job_name: str,
        instance_ref: Mapping[str, Any] | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Sequence[str]:
        job = self._loaded().jobs.get(job_name)
        if job is None:
            raise NotFoundError(f"there is no job {job_name!r}")
        return [] if job.partitions_def is None else job.partitions_def.get_partition_keys()

    @override
    def start_run(self, request: StartRunRequest) -> RunProcess:
        raise LocationUnavailableError(
            self._name, "a fake starts no runs: give the instance a RecordingLauncher"
        )

    def _loaded(self) -> Definitions:
        if self.definitions is None:
            raise LocationUnavailableError(self._name, "it has no definitions")
        return self.definitions

    def _ask_schedule(self, schedule: ScheduleDefinition, request: TickRequest) -> TickResult:
        due = datetime.fromtimestamp(request.timestamp, UTC)
        try:
            requests, reason = schedule.evaluate(
                ScheduleEvaluationContext(due, schedule.name, self._instance)
            )
        except Exception as error:  # noqa: BLE001 - the user's code raises what it likes
            return TickResult(error=error_info_from_exception(error))
        return TickResult(run_requests=requests, skip_reason=reason)

    def _ask_sensor(self, sensor: SensorDefinition, request: TickRequest) -> TickResult:
        context = SensorEvaluationContext(
            sensor.name, request.cursor, request.last_run_key, request.last_tick_timestamp, self._instance
        )
        try:
            requests, reason = sensor.evaluate(context)
        except Exception as error:  # noqa: BLE001 - the user's code raises what it likes
            return TickResult(error=error_info_from_exception(error), cursor=context.cursor)
        return TickResult(run_requests=requests, skip_reason=reason, cursor=context.cursor)


class FakeWorkspace(Workspace):
    """A workspace of locations that exist already.

    Args:
        locations: The locations.
    """

    def __init__(self, *locations: CodeLocation) -> None:
        self._locations = {location.name: location for location in locations}

    @property
    @override
    def location_names(self) -> Sequence[str]:
        return list(self._locations)

    @override
    def list_locations(self) -> Sequence[LocationInfo]:
        return [LocationInfo(name, LocationState.LOADED, "a test") for name in self._locations]

    @override
    def get_location(self, name: str) -> CodeLocation:
        if name not in self._locations:
            raise NotFoundError(f"there is no code location {name!r}")
        return self._locations[name]

    @override
    def get_location_of(self, run: Run) -> CodeLocation:
        return self.get_location("" if run.remote_job_origin is None else run.remote_job_origin.location_name)

    @override
    def why_unavailable(self, run: Run) -> str | None:
        return None

    @override
    def reload(self, name: str | None = None) -> None:
        """Do nothing: the definitions are there."""

    @override
    def refresh(self) -> Sequence[str]:
        return []

    @override
    def close(self) -> None:
        """Do nothing: there are no processes."""
