"""A job as the command line names it: `FILE`, `FILE:JOB`, `MODULE` or `MODULE:JOB`."""

from __future__ import annotations

import os
from types import ModuleType

from runrack.config.problem import nearest
from runrack.definitions.job import JobDefinition
from runrack.definitions.loader import load_module
from runrack.definitions.reconstructable import ReconstructableJob, origin_of
from runrack.errors import LoadError


def load_job_target(target: str) -> ReconstructableJob:
    """Return the job that `target` names: by the name that it is bound to, or by its own.

    Raises:
        LoadError: The code cannot be loaded, holds no such job, or holds several and none is named.
    """
    place, name = _split(target)
    module = load_module(file=place) if _is_file(place) else load_module(module=place)
    attribute, job = _select(place, _jobs_of(module), name)
    return ReconstructableJob(origin_of(module, job, attribute), job)


def _split(target: str) -> tuple[str, str | None]:
    place, colon, name = target.rpartition(":")
    if not colon or os.path.sep in name or name.endswith(".py"):
        return target, None
    return place, name or None


def _is_file(place: str) -> bool:
    return place.endswith(".py") or os.path.sep in place


def _jobs_of(module: ModuleType) -> dict[str, JobDefinition]:
    """Return the jobs at the top level of a module, by the first name that each is bound to."""
    jobs: dict[str, JobDefinition] = {}
    for name, value in vars(module).items():
        if isinstance(value, JobDefinition) and all(value is not known for known in jobs.values()):
            jobs[name] = value
    return jobs


def _select(place: str, jobs: dict[str, JobDefinition], name: str | None) -> tuple[str, JobDefinition]:
    if not jobs:
        raise LoadError(f"{place} has no job: decorate a function with @job")
    names = ", ".join(jobs)
    if name is None:
        if len(jobs) > 1:
            raise LoadError(f"{place} has several jobs: {names}; name one: {place}:{next(iter(jobs))}")
        return next(iter(jobs.items()))
    for attribute, job in jobs.items():
        if name in {attribute, job.name}:
            return attribute, job
    near = nearest(name, jobs)
    hint = f"did you mean {near!r}? " if near else ""
    raise LoadError(f"{place} has no job {name!r}; {hint}it has: {names}")
