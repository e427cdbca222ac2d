"""Definitions: what a code location offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, TypeVar

from runrack.config.problem import nearest
from runrack.definitions.asset import AssetDefinition
from runrack.definitions.job import JobDefinition
from runrack.definitions.schedule import ScheduleDefinition
from runrack.definitions.sensor import SensorDefinition
from runrack.errors import InvalidDefinitionError, NotFoundError, with_article

Named = TypeVar("Named", JobDefinition, ScheduleDefinition, SensorDefinition)


class Definitions:
    """What a code location offers; bound to a name at the top level of its module.

    A module without one offers all jobs, schedules, sensors and assets that are bound to names at its top level.

    Args:
        jobs: Jobs; those of schedules and sensors are added.
        schedules: Schedules.
        sensors: Sensors.
        assets: Assets, for jobs that are made of them.
        resources: Values or definitions that take the place of resources of the same keys in every job.

    Raises:
        InvalidDefinitionError: Two of a kind have one name, or a schedule or sensor names a job that is not here.
    """

    def __init__(
        self,
        jobs: Iterable[JobDefinition] = (),
        schedules: Iterable[ScheduleDefinition] = (),
        sensors: Iterable[SensorDefinition] = (),
        assets: Iterable[AssetDefinition] = (),
        resources: Mapping[str, Any] | None = None,
    ) -> None:
        self.schedules = _by_name("schedules", schedules, ScheduleDefinition)
        self.sensors = _by_name("sensors", sensors, SensorDefinition)
        self.assets = tuple(assets)
        instigators = (*self.schedules.values(), *self.sensors.values())
        theirs = [job for each in instigators for job in each.job_definitions]
        given = _by_name("jobs", [*jobs, *theirs], JobDefinition)
        self.jobs = {name: _with_resources(job, resources or {}) for name, job in given.items()}
        for each in instigators:
            for name in each.job_names:
                self.get_job(name, f"{each.kind} {each.name!r}")

    def get_job(self, name: str, asked_by: str = "somebody") -> JobDefinition:
        """Return the job of this name.

        Raises:
            InvalidDefinitionError: There is none; `asked_by` tells who wants it.
        """
        if name not in self.jobs:
            near = nearest(name, list(self.jobs))
            hint = f"; did you mean {near!r}?" if near else ""
            raise InvalidDefinitionError(
                f"{asked_by} wants job {name!r}, which is not among the jobs here{hint}"
            )
        return self.jobs[name]

    def get_schedule(self, name: str) -> ScheduleDefinition:
        """Return the schedule of this name.

        Raises:
            NotFoundError: There is none.
        """
        return _found("schedule", name, self.schedules)

    def get_sensor(self, name: str) -> SensorDefinition:
        """Return the sensor of this name.

        Raises:
            NotFoundError: There is none.
        """
        return _found("sensor", name, self.sensors)


def find_definitions(module: ModuleType) -> Definitions:
    """Return what a module offers: its Definitions, or all that is bound to names at its top level.

    Raises:
        InvalidDefinitionError: It has several Definitions, or what it binds does not go together.
    """
    values = list(vars(module).values())
    found = _distinct(value for value in values if isinstance(value, Definitions))
    if len(found) > 1:
        raise InvalidDefinitionError(
            f"module {module.__name__} has {len(found)} Definitions: it may have one"
        )
    if found:
        return found[0]
    return Definitions(
        jobs=[value for value in values if isinstance(value, JobDefinition)],
        schedules=[value for value in values if isinstance(value, ScheduleDefinition)],
        sensors=[value for value in values if isinstance(value, SensorDefinition)],
        assets=_distinct(value for value in values if isinstance(value, AssetDefinition)),
    )


T = TypeVar("T")


def _distinct(values: Iterable[T]) -> list[T]:
    return list({id(value): value for value in values}.values())


def _by_name(what: str, given: Iterable[Named], kind: type[Named]) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for each in given:
        if not isinstance(each, kind):
            raise InvalidDefinitionError(
                f"{what} of Definitions are {kind.__name__}s, not {with_article(type(each).__name__)}"
            )
        if found.setdefault(each.name, each) is not each:
            raise InvalidDefinitionError(f"two of the {what} are named {each.name!r}: rename one of them")
    return found


def _found(kind: str, name: str, known: Mapping[str, Named]) -> Named:
    if name not in known:
        names = ", ".join(known) or "none"
        raise NotFoundError(f"there is no {kind} {name!r}; there is: {names}")
    return known[name]


def _with_resources(job: JobDefinition, resources: Mapping[str, Any]) -> JobDefinition:
    own = {key: value for key, value in resources.items() if key in job.resource_defs}
    return job.with_resources(own) if own else job
