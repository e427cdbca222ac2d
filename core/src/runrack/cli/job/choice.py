"""The job that a person means: `FILE:JOB` or `MODULE:JOB` of here, or `LOCATION:JOB` of a workspace."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from runrack.cli.job.import_path import import_from_here
from runrack.cli.open_workspace import WorkspaceOpener
from runrack.config.problem import nearest
from runrack.definitions.job import JobDefinition
from runrack.definitions.job_target import list_jobs, load_job_target
from runrack.definitions.reconstructable import ReconstructableJob
from runrack.errors import InvalidArgumentError, NotFoundError
from runrack.interfaces.workspace import CodeLocation, JobInfo, Workspace
from runrack.records.run import RemoteJobOrigin


class ChosenJob(NamedTuple):
    """A job that was named.

    Attributes:
        job: What leads to it.
        origin: Under which name a workspace has it.
        info: What its location says of it; None for one that was named by file or module.
    """

    job: ReconstructableJob
    origin: RemoteJobOrigin
    info: JobInfo | None = None

    @property
    def can_be_loaded_here(self) -> bool:
        """Whether its code is meant for the interpreter of this process."""
        return self.job.get_code_origin().executable in {None, sys.executable}


def choose_job(open_workspace: WorkspaceOpener, target: str) -> ChosenJob:
    """Return the job that `target` names.

    - Without `-w`, a file that is there and a module that can be imported count before a location of that name.

    Raises:
        LoadError: The file or module cannot be loaded, holds no such job, or holds several and none is named.
        NotFoundError: The workspace has no such job.
        LocationUnavailableError: The code of a location cannot be loaded.
    """
    import_from_here()
    if _is_of_workspace(open_workspace, target):
        location, info = find_job(open_workspace(), target)
        origin = RemoteJobOrigin(location.name, info.name)
        return ChosenJob(ReconstructableJob(info.code_origin), origin, info)
    return job_of_code(load_job_target(target))


def load_chosen_job(open_workspace: WorkspaceOpener, target: str) -> ChosenJob:
    """Return the job that `target` names, to be loaded into this process.

    Raises:
        InvalidArgumentError: Its location has another interpreter.
        RunrackError: As `choose_job`.
    """
    chosen = choose_job(open_workspace, target)
    if not chosen.can_be_loaded_here:
        raise InvalidArgumentError(
            f"code location {chosen.origin.location_name!r} has an interpreter of its own, so its job is not run in this"
            " process: `runrack runs submit` gives it one"
        )
    return chosen


def job_of_code(job: ReconstructableJob) -> ChosenJob:
    """Return a job that is known by where its code lies: a workspace makes a location from that."""
    code = job.get_code_origin()
    return ChosenJob(job, RemoteJobOrigin(code.file or code.module or "", job.name))


def list_chosen_jobs(open_workspace: WorkspaceOpener, target: str) -> list[JobDefinition]:
    """Return the jobs of what `target` names: a file, a module or a location; only the one that it names, if any.

    Raises:
        RunrackError: As `load_chosen_job`.
    """
    import_from_here()
    if not _is_of_workspace(open_workspace, target):
        return list_jobs(target)
    workspace = open_workspace()
    if target not in workspace.location_names:
        return [load_chosen_job(open_workspace, target).job.get_definition()]
    infos = workspace.get_location(target).get_contents().jobs
    return [load_chosen_job(open_workspace, f"{target}:{info.name}").job.get_definition() for info in infos]


def find_job(workspace: Workspace, name: str) -> tuple[CodeLocation, JobInfo]:
    """Return the job that a name stands for, and its location.

    Args:
        workspace: Where it is looked for.
        name: `JOB`, `LOCATION:JOB`, or `LOCATION` where that has one job.

    Raises:
        NotFoundError: There is none, or there are several.
        LocationUnavailableError: The code of a location cannot be loaded.
    """
    jobs = [
        (location, info)
        for location in _locations_of(workspace, name)
        for info in location.get_contents().jobs
    ]
    found = [each for each in jobs if name in {each[1].name, each[0].name, f"{each[0].name}:{each[1].name}"}]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(f"{location.name}:{info.name}" for location, info in found)
        raise NotFoundError(f"the workspace has several jobs {name!r}: write one of {places}")
    wanted = name.rpartition(":")[2]
    near = nearest(wanted, [info.name for _, info in jobs])
    hint = f"; did you mean {near!r}?" if near else ""
    raise NotFoundError(f"the workspace has no job {name!r}{hint}")


def _locations_of(workspace: Workspace, name: str) -> Sequence[CodeLocation]:
    """Return the location that a name begins with; all where it begins with none."""
    known = workspace.location_names
    named = [each for each in (name, name.rpartition(":")[0]) if each in known]
    return [workspace.get_location(each) for each in named[:1] or known]


def _is_of_workspace(open_workspace: WorkspaceOpener, target: str) -> bool:
    """Tell whether a target is looked for in the workspace, which is opened only if nothing of that name lies here."""
    if open_workspace.is_named:
        return True
    place = target.rpartition(":")[0] or target
    is_file = place.endswith(".py") or os.path.sep in place
    if Path(place).exists() if is_file else _can_be_imported(place):
        return False
    names = open_workspace().location_names
    return place in names or (bool(names) and not is_file)


def _can_be_imported(module: str) -> bool:
    first = module.partition(".")[0]
    return first.isidentifier() and find_spec(first) is not None
