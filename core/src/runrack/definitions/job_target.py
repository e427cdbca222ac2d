"""Jobs and assets as the command line names them: `FILE`, `FILE:JOB`, `MODULE` or `MODULE:JOB`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import ModuleType

from runrack.config.problem import nearest
from runrack.definitions.job import JobDefinition
from runrack.definitions.loader import definitions_in, load_module
from runrack.definitions.reconstructable import ASSET_SELECTION, ReconstructableJob, asset_job_of, origin_of
from runrack.errors import LoadError


def load_job_target(target: str) -> ReconstructableJob:
    """Return the job that `target` names: by the name that it is bound to, or by its own.

    Raises:
        LoadError: The code cannot be loaded, holds no such job, or holds several and none is named.
    """
    place, name = _split(target)
    module = _load(place)
    attribute, job = _select(place, _jobs_of(module), name)
    return ReconstructableJob(origin_of(module, job, attribute), job)


def list_jobs(target: str) -> list[JobDefinition]:
    """Return the jobs at the top level of what `target` names, in the order of the code; only the one that it names, if any.

    Raises:
        LoadError: The code cannot be loaded, or holds no such job.
    """
    place, name = _split(target)
    jobs = _jobs_of(_load(place))
    return list(jobs.values()) if name is None and jobs else [_select(place, jobs, name)[1]]


def load_asset_target(target: str, selection: str) -> ReconstructableJob:
    """Return a job that makes the selected assets of the file or module that `target` names.

    Raises:
        LoadError: The code cannot be loaded, or holds no assets; or the target names a job.
        InvalidArgumentError: The selection cannot be read, or names an asset that is not there.
        InvalidDefinitionError: The assets do not make a job: see `define_asset_job`.
    """
    place, name = _split(target)
    if name is not None:
        raise LoadError(f"assets are chosen from all of {place}: leave out :{name}")
    module = _load(place)
    job = asset_job_of(module, selection)
    return ReconstructableJob(origin_of(module, job, f"{ASSET_SELECTION}{selection}"), job)


def _split(target: str) -> tuple[str, str | None]:
    place, colon, name = target.rpartition(":")
    if not colon or os.path.sep in name or name.endswith(".py"):
        return target, None
    return place, name or None


def _is_file(place: str) -> bool:
    return place.endswith(".py") or os.path.sep in place


def _load(place: str) -> ModuleType:
    return load_module(file=place) if _is_file(place) else load_module(module=place)


def _jobs_of(module: ModuleType) -> dict[str, JobDefinition]:
    """Return the jobs at the top level of a module by the names that they are bound to, then others that it offers."""
    jobs = definitions_in(module, JobDefinition)
    names = {job.name for job in jobs.values()}
    return jobs | {name: job for name, job in _offered_jobs(module).items() if name not in names}


def _offered_jobs(module: ModuleType) -> Mapping[str, JobDefinition]:
    if "runrack.definitions.definitions" not in sys.modules:
        return {}  # it costs time to import, and nobody who has not done so has Definitions
    from runrack.definitions.definitions import Definitions

    offers = list(definitions_in(module, Definitions).values())
    return offers[0].jobs if offers else {}


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
