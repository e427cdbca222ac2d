"""SensorDefinition: looks again and again whether there is something to run; `sensor` makes one from a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any

from runrack.definitions.instigator import (
    Answer,
    CoercibleToJob,
    InstigatorDefinition,
    call_with_context,
    check_function,
    merged_jobs,
)
from runrack.errors import InvalidArgumentError, InvalidDefinitionError, InvariantViolationError
from runrack.interfaces.part import InstanceServices
from runrack.records.tick import InstigatorStatus

DEFAULT_INTERVAL_SECONDS = 30.0


class SensorEvaluationContext:
    """What the function of a sensor is given.

    Args:
        sensor_name: The sensor.
        cursor: The bookmark that the sensor left.
        last_run_key: The run key that it asked for last.
        last_tick_timestamp: When it was asked before, in seconds since 1970.
        instance: Where runs are stored, if the caller has one.
    """

    def __init__(
        self,
        sensor_name: str = "sensor",
        cursor: str | None = None,
        last_run_key: str | None = None,
        last_tick_timestamp: float | None = None,
        instance: InstanceServices | None = None,
    ) -> None:
        self.sensor_name = sensor_name
        self.last_run_key = last_run_key
        self.last_tick_timestamp = last_tick_timestamp
        self._cursor = cursor
        self._instance = instance

    @property
    def cursor(self) -> str | None:
        """The bookmark: what was given to `update_cursor` last."""
        return self._cursor

    def update_cursor(self, cursor: str | None) -> None:
        """Leave a bookmark, which the next evaluation gets. It is kept once the runs that are asked for are stored.

        Raises:
            InvalidArgumentError: It is no string.
        """
        if cursor is not None and not isinstance(cursor, str):
            raise InvalidArgumentError(
                f"the cursor of sensor {self.sensor_name!r} is a string: use json.dumps"
            )
        self._cursor = cursor

    @property
    def last_tick_time(self) -> datetime | None:
        """When the sensor was asked before."""
        return (
            None
            if self.last_tick_timestamp is None
            else datetime.fromtimestamp(self.last_tick_timestamp, UTC)
        )

    @property
    def instance(self) -> InstanceServices:
        """Where runs are stored.

        Raises:
            InvariantViolationError: The sensor is asked without an instance.
        """
        if self._instance is None:
            raise InvariantViolationError(f"sensor {self.sensor_name!r} is asked without an instance")
        return self._instance


SensorFunction = Callable[..., Any]


class SensorDefinition(InstigatorDefinition):
    """Looks again and again whether there is something to run.

    Args:
        name: What users call it; the function's name when left out.
        evaluation_fn: Says which runs to make, as `sensor` describes it.
        job: The job that it runs, or the name of one of the same code location.
        jobs: Several of them, given instead of `job`: each RunRequest names one.
        minimum_interval_seconds: How much time lies between two evaluations, at least.
        default_status: Whether it runs while nobody has said so.
        tags: Labels of its runs.
        description: For people.

    Raises:
        InvalidDefinitionError: An argument does not fit.
    """

    kind = "a sensor"
    is_of_run_status = False

    def __init__(
        self,
        name: str | None = None,
        *,
        evaluation_fn: SensorFunction,
        job: CoercibleToJob | None = None,
        jobs: Iterable[CoercibleToJob] | None = None,
        minimum_interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
        default_status: InstigatorStatus = InstigatorStatus.STOPPED,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
    ) -> None:
        self._function = check_function("a sensor", evaluation_fn)
        all_jobs = merged_jobs("a sensor", job, jobs)
        super().__init__(name or evaluation_fn.__name__, all_jobs, default_status, tags, description)
        self.minimum_interval_seconds = _checked_interval(self.name, minimum_interval_seconds)

    def __call__(self, context: SensorEvaluationContext | None = None) -> Any:
        """Return what the sensor's function returns for a context; an empty one when left out."""
        return call_with_context(self._function, context or SensorEvaluationContext(self.name))

    def evaluate(self, context: SensorEvaluationContext) -> Answer:
        """Return the runs that the sensor asks for now, and why there are none.

        Raises:
            InvalidInvocationError: The function answered with something else.
            Exception: What the function raised.
        """
        return self.read_answer(self(context))


def sensor(
    *,
    job: CoercibleToJob | None = None,
    jobs: Iterable[CoercibleToJob] | None = None,
    name: str | None = None,
    minimum_interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
    default_status: InstigatorStatus = InstigatorStatus.STOPPED,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
) -> Callable[[SensorFunction], SensorDefinition]:
    """Return a sensor for the decorated function, which says which runs to make.

    The function takes a SensorEvaluationContext, or nothing, and returns or yields: a RunRequest, several, a SkipReason, a
    dict (the run configuration of one run), or nothing. A request with a run key makes one run at most, ever.

    Args:
        job: The job that it runs, or the name of one of the same code location.
        jobs: Several of them, given instead of `job`.
        minimum_interval_seconds: How much time lies between two evaluations, at least.
        default_status: Whether it runs while nobody has said so.
        tags: Labels of its runs.
        name: What users call it; the function's name when left out.
        description: For people; the function's docstring when left out.

    Raises:
        InvalidDefinitionError: As for `SensorDefinition`.
    """

    def define(function: SensorFunction) -> SensorDefinition:
        made = SensorDefinition(
            name,
            evaluation_fn=check_function("@sensor", function),
            job=job,
            jobs=jobs,
            minimum_interval_seconds=minimum_interval_seconds,
            default_status=default_status,
            tags=tags,
            description=function.__doc__ if description is None else description,
        )
        update_wrapper(made, function)
        return made

    return define


def _checked_interval(name: str, seconds: object) -> float:
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
        return float(seconds)
    raise InvalidDefinitionError(
        f"minimum_interval_seconds of sensor {name!r} is a number above 0, not {seconds!r}"
    )
