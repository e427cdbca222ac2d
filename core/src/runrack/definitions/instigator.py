"""What schedules and sensors have in common: the jobs that they run, and how their answers are read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from runrack.definitions.job import JobDefinition
from runrack.definitions.output import check_name
from runrack.errors import InvalidDefinitionError, InvalidInvocationError, with_article
from runrack.records.asset import check_tags
from runrack.records.run_request import RunRequest, SkipReason
from runrack.records.tick import InstigatorStatus

CoercibleToJob = JobDefinition | str
"""A job, or the name of one of the same code location."""

Answer = tuple[tuple[RunRequest, ...], str | None]
"""The runs that are asked for, and why there are none."""


class InstigatorDefinition:
    """What a schedule and a sensor share. Attributes as the arguments of `ScheduleDefinition` and `SensorDefinition`."""

    kind = "an instigator"

    def __init__(
        self,
        name: str,
        jobs: Iterable[CoercibleToJob],
        default_status: InstigatorStatus,
        tags: Mapping[str, str] | None,
        description: str | None,
    ) -> None:
        self.name = check_name(self.kind, name)
        self.jobs = tuple(_checked_job(self.kind, name, job) for job in jobs)
        self.default_status = _checked_status(self.kind, name, default_status)
        self.tags = dict(check_tags(tags))
        self.description = description

    @property
    def job_names(self) -> tuple[str, ...]:
        """The names of its jobs."""
        return tuple(job if isinstance(job, str) else job.name for job in self.jobs)

    @property
    def job_definitions(self) -> tuple[JobDefinition, ...]:
        """Those of its jobs that were given as definitions."""
        return tuple(job for job in self.jobs if isinstance(job, JobDefinition))

    def read_answer(self, returned: Any) -> Answer:
        """Return what the function of a schedule or a sensor meant by what it returned.

        - A RunRequest, several in a list or by `yield`, a SkipReason, a dict (the run configuration of one run), or nothing.
        - A request without a job gets the only one there is, and the tags of the schedule or sensor besides its own.

        Raises:
            InvalidInvocationError: It is something else, or a request names a job that is none of these.
        """
        if isinstance(returned, dict):
            return (self._completed(RunRequest(run_config=returned)),), None
        if returned is None or isinstance(returned, RunRequest | SkipReason):
            parts: Sequence[Any] = [returned]
        elif isinstance(returned, Iterable) and not isinstance(returned, str | bytes):
            parts = list(returned)
        else:
            parts = [returned]
        requests = tuple(self._completed(part) for part in parts if isinstance(part, RunRequest))
        reasons = [part.skip_message for part in parts if isinstance(part, SkipReason)]
        wrong = [part for part in parts if not isinstance(part, RunRequest | SkipReason | None)]
        if wrong or (requests and reasons):
            what = f"{with_article(type(wrong[0]).__name__)}" if wrong else "requests and a SkipReason"
            raise InvalidInvocationError(
                f"{self.kind} {self.name!r} answered with {what}: give RunRequests, or one SkipReason, or nothing"
            )
        return requests, reasons[0] if reasons else None

    def _completed(self, request: RunRequest) -> RunRequest:
        job = self._job_of(request)
        config = request.run_config
        if config is None and isinstance(job, JobDefinition):
            config = job.run_config
        name = job if isinstance(job, str) else job.name
        return replace(request, job_name=name, run_config=config, tags={**self.tags, **request.tags})

    def _job_of(self, request: RunRequest) -> CoercibleToJob:
        by_name = dict(zip(self.job_names, self.jobs, strict=True))
        if request.job_name is None and len(self.jobs) == 1:
            return self.jobs[0]
        if request.job_name in by_name:
            return by_name[request.job_name]
        jobs = ", ".join(by_name) or "none"
        raise InvalidInvocationError(
            f"{self.kind} {self.name!r} asked for a run of job {request.job_name!r}: its jobs are {jobs}"
            if request.job_name is not None
            else f"{self.kind} {self.name!r} asked for a run without saying of which job: give job_name, one of {jobs}"
        )


def call_with_context(function: Callable[..., Any], context: Any) -> Any:
    """Return what a function returns that takes a context, or nothing."""
    parameters = inspect.signature(function).parameters.values()
    is_wanted = any(each.kind not in {each.KEYWORD_ONLY, each.VAR_KEYWORD} for each in parameters)
    return function(context) if is_wanted else function()


def check_function(kind: str, function: Any) -> Callable[..., Any]:
    """Return a function that takes a context, or nothing.

    Raises:
        InvalidDefinitionError: It is no function, or takes more.
    """
    if not callable(function):
        raise InvalidDefinitionError(
            f"{kind} decorates a function, not {with_article(type(function).__name__)}"
        )
    required = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]
    if len(required) > 1:
        raise InvalidDefinitionError(
            f"{kind}: the function {function.__name__!r} takes {len(required)} arguments: it gets one, the context"
        )
    return function  # type: ignore[no-any-return] # callable was checked


def merged_jobs(
    kind: str, job: CoercibleToJob | None, jobs: Iterable[CoercibleToJob] | None
) -> tuple[CoercibleToJob, ...]:
    """Return the jobs of two arguments of which one at most may be given.

    Raises:
        InvalidDefinitionError: Both are given.
    """
    if job is not None and jobs is not None:
        raise InvalidDefinitionError(f"{kind}: give job or jobs, not both")
    return (job,) if job is not None else tuple(jobs or ())


def _checked_job(kind: str, name: str, job: object) -> CoercibleToJob:
    if isinstance(job, JobDefinition) or (isinstance(job, str) and job):
        return job
    raise InvalidDefinitionError(
        f"{kind} {name!r} runs a job, or the name of one, not {with_article(type(job).__name__)}: @job makes one from a function"
    )


def _checked_status(kind: str, name: str, status: object) -> InstigatorStatus:
    if status in {InstigatorStatus.RUNNING, InstigatorStatus.STOPPED}:
        return InstigatorStatus(str(status))
    raise InvalidDefinitionError(
        f"the default_status of {kind} {name!r} is RUNNING or STOPPED, not {status!r}"
    )
