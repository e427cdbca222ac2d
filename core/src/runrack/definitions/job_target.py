"""Jobs and assets as the command line names them: `FILE`, `FILE:JOB`, `MODULE` or `MODULE:JOB`."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TypeVar

from runrack.config.problem import nearest
from runrack.definitions.asset import AssetDefinition
from runrack.definitions.job import JobDefinition
from runrack.definitions.loader import load_module
from runrack.definitions.reconstructable import ReconstructableJob, origin_of
from runrack.errors import LoadError

Definition = TypeVar("Definition")


def load_job_target(target: str) -> ReconstructableJob:
    """Return the job that `target` names: by the name that it is bound to, or by its own.

    Raises:
        LoadError: The code cannot be loaded, holds no such job, or holds several and none is named.
    """
    place, name = _split(target)
    module = _load(place)
    attribute, job = _select(place, _defined_in(module, JobDefinition), name)
    return ReconstructableJob(origin_of(module, job, attribute), job)


def list_jobs(target: str) -> list[JobDefinition]:
    """Return the jobs at the top level of what `target` names, in the order of the code; only the one that it names, if any.

    Raises:
        LoadError: The code cannot be loaded, or holds no such job.
    """
    place, name = _split(target)
    jobs = _defined_in(_load(place), JobDefinition)
    return list(jobs.values()) if name is None and jobs else [_select(place, jobs, name)[1]]


def list_assets(target: str) -> list[AssetDefinition]:
    """Return the assets at the top level of the file or module that `target` names, in the order of the code.

    Raises:
        LoadError: The code cannot be loaded, or holds no assets; or the target names a job.
    """
    place, name = _split(target)
    if name is not None:
        raise LoadError(f"assets are chosen from all of {place}: leave out :{name}")
    assets = list(_defined_in(_load(place), AssetDefinition).values())
    if not assets:
        raise LoadError(f"{place} has no asset: decorate a function with @asset")
    return assets


def _split(target: str) -> tuple[str, str | None]:
    place, colon, name = target.rpartition(":")
    if not colon or os.path.sep in name or name.endswith(".py"):
        return target, None
    return place, name or None


def _is_file(place: str) -> bool:
    return place.endswith(".py") or os.path.sep in place


def _load(place: str) -> ModuleType:
    return load_module(file=place) if _is_file(place) else load_module(module=place)


def _defined_in(module: ModuleType, kind: type[Definition]) -> dict[str, Definition]:
    """Return the definitions of a kind at the top level of a module, by the first name that each is bound to."""
    found: dict[str, Definition] = {}
    for name, value in vars(module).items():
        if isinstance(value, kind) and all(value is not known for known in found.values()):
            found[name] = value
    return found


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
