"""ScheduleDefinition: runs a job at the times of cron expressions; `schedule` makes one from a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any

from runrack.definitions.cron import CronSchedule
from runrack.definitions.instigator import (
    Answer,
    CoercibleToJob,
    InstigatorDefinition,
    call_with_context,
    check_function,
)
from runrack.definitions.job import JobDefinition
from runrack.definitions.partitions import PartitionsDefinition
from runrack.definitions.time_window_partitions import Cadence, TimeWindowPartitionsDefinition
from runrack.errors import InvalidDefinitionError, InvariantViolationError
from runrack.interfaces.part import InstanceServices
from runrack.records.run_request import RunRequest, SkipReason
from runrack.records.tick import InstigatorStatus

CATCH_UP_POLICIES = ("none", "latest", "all")


class ScheduleEvaluationContext:
    """What the function of a schedule is given.

    Args:
        scheduled_execution_time: When the tick was due; aware.
        schedule_name: The schedule.
        instance: Where runs are stored, if the caller has one.
    """

    def __init__(
        self,
        scheduled_execution_time: datetime,
        schedule_name: str,
        instance: InstanceServices | None = None,
    ) -> None:
        self.scheduled_execution_time = scheduled_execution_time
        self.schedule_name = schedule_name
        self._instance = instance

    @property
    def instance(self) -> InstanceServices:
        """Where runs are stored.

        Raises:
            InvariantViolationError: The schedule is asked without an instance.
        """
        if self._instance is None:
            raise InvariantViolationError(f"schedule {self.schedule_name!r} is asked without an instance")
        return self._instance


ScheduleFunction = Callable[..., Any]


class ScheduleDefinition(InstigatorDefinition):
    """Runs a job at the times of cron expressions.

    Args:
        name: What users call it; the job's name and `_schedule` when left out.
        cron_schedule: A cron expression or several, as `runrack.definitions.cron_expression.parse_cron` reads them.
        job: The job, or the name of one of the same code location.
        execution_timezone: IANA name of the zone that the expressions are read in; UTC when left out.
        default_status: Whether it runs while nobody has said so.
        tags: Labels of its runs.
        run_config: The run configuration of its runs, or a function of the context that makes it; the job's own when left out.
        description: For people.
        catch_up: Which of the ticks that were missed (because no daemon ran) are made up for: "none", "latest", "all" (up to
            what the scheduler allows), or a number of them at most.
        execution_fn: Says which runs a tick makes, as `schedule` describes it; one run when left out.

    Raises:
        InvalidDefinitionError: An argument does not fit; an expression or the time zone cannot be read.
    """

    kind = "a schedule"

    def __init__(
        self,
        name: str | None = None,
        *,
        cron_schedule: str | Sequence[str],
        job: CoercibleToJob,
        execution_timezone: str | None = None,
        default_status: InstigatorStatus = InstigatorStatus.STOPPED,
        tags: Mapping[str, str] | None = None,
        run_config: Mapping[str, Any] | Callable[..., Mapping[str, Any]] | None = None,
        description: str | None = None,
        catch_up: str | int = "latest",
        execution_fn: ScheduleFunction | None = None,
    ) -> None:
        job_name = job.name if isinstance(job, JobDefinition) else job
        super().__init__(name or f"{job_name}_schedule", [job], default_status, tags, description)
        if execution_fn is not None and run_config is not None:
            raise InvalidDefinitionError(
                f"schedule {self.name!r} has a function and a run_config: let the function give RunRequest(run_config=…)"
            )
        self.cron_schedule = (cron_schedule,) if isinstance(cron_schedule, str) else tuple(cron_schedule)
        self.execution_timezone = execution_timezone
        self.catch_up = _checked_catch_up(self.name, catch_up)
        self.cron = CronSchedule(self.cron_schedule, execution_timezone)
        self._function = execution_fn if execution_fn is not None else _one_run(self.name, run_config)
        check_function("a schedule", self._function)

    @property
    def job_name(self) -> str:
        """The name of its job."""
        return self.job_names[0]

    def __call__(self, context: ScheduleEvaluationContext | None = None) -> Any:
        """Return what the schedule's function returns for a context; one for now when left out."""
        return call_with_context(
            self._function, context or ScheduleEvaluationContext(datetime.now(UTC), self.name)
        )

    def evaluate(self, context: ScheduleEvaluationContext) -> Answer:
        """Return the runs that the tick of a context makes, and why there are none.

        Raises:
            InvalidInvocationError: The function answered with something else.
            Exception: What the function raised.
        """
        return self.read_answer(self(context))


def schedule(
    cron_schedule: str | Sequence[str],
    *,
    job: CoercibleToJob,
    name: str | None = None,
    execution_timezone: str | None = None,
    default_status: InstigatorStatus = InstigatorStatus.STOPPED,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    catch_up: str | int = "latest",
) -> Callable[[ScheduleFunction], ScheduleDefinition]:
    """Return a schedule for the decorated function, which says which runs a tick makes.

    The function takes a ScheduleEvaluationContext, or nothing, and returns or yields: a RunRequest, several, a SkipReason, a
    dict (the run configuration of one run), or nothing.

    Args:
        cron_schedule: A cron expression or several.
        job: The job, or the name of one of the same code location.
        execution_timezone: IANA name of the zone that the expressions are read in; UTC when left out.
        default_status: Whether it runs while nobody has said so.
        tags: Labels of its runs.
        catch_up: Which ticks that were missed are made up for, as for `ScheduleDefinition`.
        name: What users call it; the function's name when left out.
        description: For people; the function's docstring when left out.

    Raises:
        InvalidDefinitionError: As for `ScheduleDefinition`, or the function takes more than a context.
    """

    def define(function: ScheduleFunction) -> ScheduleDefinition:
        check_function("@schedule", function)
        made = ScheduleDefinition(
            name or function.__name__,
            cron_schedule=cron_schedule,
            job=job,
            execution_timezone=execution_timezone,
            default_status=default_status,
            tags=tags,
            description=function.__doc__ if description is None else description,
            catch_up=catch_up,
            execution_fn=function,
        )
        update_wrapper(made, function)
        return made

    return define


def build_schedule_from_partitioned_job(
    job: JobDefinition,
    *,
    name: str | None = None,
    cron_schedule: str | None = None,
    default_status: InstigatorStatus = InstigatorStatus.STOPPED,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    catch_up: str | int = "all",
) -> ScheduleDefinition:
    """Return a schedule that runs each time window of a job once it has ended.

    A tick makes a run of the window that ended last by then; its run key is the window's, so that none is run twice.

    Args:
        job: A job whose partitions are time windows.
        name: What users call it; the job's name and `_schedule` when left out.
        cron_schedule: When to look; when left out, at the end of each window.
        default_status: Whether it runs while nobody has said so.
        tags: Labels of its runs.
        description: For people.
        catch_up: Which ticks that were missed are made up for, as for `ScheduleDefinition`.

    Raises:
        InvalidDefinitionError: The job has no partitions, or other ones than time windows; or as for `ScheduleDefinition`.
    """
    windows = _time_windows(job)

    def execution_fn(context: ScheduleEvaluationContext) -> Any:
        keys = windows.get_partition_keys(context.scheduled_execution_time)
        if not keys:
            return SkipReason("no time window has ended yet")
        return RunRequest(run_key=keys[-1], partition_key=keys[-1])

    return ScheduleDefinition(
        name,
        cron_schedule=cron_schedule or _end_of_windows(windows),
        job=job,
        execution_timezone=windows.timezone,
        default_status=default_status,
        tags=tags,
        description=description,
        catch_up=catch_up,
        execution_fn=execution_fn,
    )


def _time_windows(job: JobDefinition) -> TimeWindowPartitionsDefinition:
    found: PartitionsDefinition | None = job.partitions_def
    if not isinstance(found, TimeWindowPartitionsDefinition):
        raise InvalidDefinitionError(
            f"job {job.name!r} has no time windows as its partitions_def, such as DailyPartitionsDefinition: write its"
            " schedule with @schedule and RunRequest(partition_key=…)"
        )
    return found


def _end_of_windows(windows: TimeWindowPartitionsDefinition) -> str:
    if windows.cadence is Cadence.HOURLY:
        return "0 * * * *"
    if windows.cadence is Cadence.WEEKLY:
        return f"0 0 * * {windows.first_weekday}"
    return "0 0 1 * *" if windows.cadence is Cadence.MONTHLY else "0 0 * * *"


def _one_run(
    name: str, run_config: Mapping[str, Any] | Callable[..., Mapping[str, Any]] | None
) -> ScheduleFunction:
    if run_config is None or isinstance(run_config, Mapping):
        return lambda: RunRequest(run_config=run_config)
    if not callable(run_config):
        raise InvalidDefinitionError(
            f"the run_config of schedule {name!r} is a mapping, or a function of the context that makes one"
        )
    return lambda context: RunRequest(run_config=call_with_context(run_config, context))


def _checked_catch_up(name: str, policy: object) -> str | int:
    is_number = isinstance(policy, int) and not isinstance(policy, bool) and policy >= 0
    if is_number or policy in CATCH_UP_POLICIES:
        return policy  # type: ignore[return-value] # one of the three texts
    raise InvalidDefinitionError(
        f"catch_up of schedule {name!r} is one of {', '.join(CATCH_UP_POLICIES)}, or how many ticks at most, not {policy!r}"
    )
