"""ReconstructableJob: a job that other processes can load too, because it is known where its code lies."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from runrack.definitions.job import JobDefinition
from runrack.definitions.loader import (
    find_attribute,
    is_loaded_from_file,
    load_module,
    place_of,
)
from runrack.errors import InvalidDefinitionError, LoadError, with_article
from runrack.records.run import JobCodeOrigin

ASSET_SELECTION = "assets:"
"""Begins what stands for the name of a job in the origin of one that makes selected assets of a module."""

ASSET_JOB = "materialize"
"""The name of such a job."""


class ReconstructableJob:
    """A job, known by where its code lies.

    Args:
        origin: Where its code lies.
        definition: The job, where this process has it already; loaded when it is first asked for otherwise.
    """

    def __init__(self, origin: JobCodeOrigin, definition: JobDefinition | None = None) -> None:
        self._origin = origin
        self._definition = definition

    @property
    def name(self) -> str:
        """What users call the job."""
        return self._origin.job_name

    def get_definition(self) -> JobDefinition:
        """Return the job, loading its code if needed.

        Raises:
            LoadError: It cannot be loaded.
        """
        if self._definition is None:
            self._definition = load_job(self._origin)
        return self._definition

    def get_code_origin(self) -> JobCodeOrigin:
        """Return where its code lies."""
        return self._origin


def reconstructable(job: JobDefinition) -> ReconstructableJob:
    """Return the job as one that other processes can load.

    Raises:
        InvalidDefinitionError: It is not bound to a name at the top level of a module or a file.
    """
    if not isinstance(job, JobDefinition):
        raise InvalidDefinitionError(f"reconstructable() takes a job, not {with_article(type(job).__name__)}")
    module = sys.modules.get(getattr(job, "__module__", ""))
    names = [] if module is None else [name for name, value in vars(module).items() if value is job]
    if module is None or not names:
        raise InvalidDefinitionError(
            f"job {job.name!r} cannot be found by another process: define it at the top level of a module"
        )
    return ReconstructableJob(origin_of(module, job, names[0]), job)


def load_job(origin: JobCodeOrigin) -> JobDefinition:
    """Return the job whose code lies at `origin`.

    Raises:
        LoadError: The code cannot be loaded, or holds no such job.
    """
    if origin.working_directory is not None and origin.working_directory not in sys.path:
        sys.path.append(origin.working_directory)
    module = load_module(origin.file, origin.module)
    if origin.attribute.startswith(ASSET_SELECTION):
        return asset_job_of(module, origin.attribute.removeprefix(ASSET_SELECTION))
    found = getattr(module, origin.attribute, None)
    if isinstance(found, JobDefinition):
        return found
    return _offered_job(module, origin, found)


def _offered_job(module: ModuleType, origin: JobCodeOrigin, found: object) -> JobDefinition:
    """Return a job that is bound to no name of its own, only part of what the module offers.

    Its origin names the Definitions, or the job itself. Any other name that has vanished is told: what it stood for may
    not be what a job of the same name is now.
    """
    from runrack.definitions.definitions import Definitions, find_definitions

    if isinstance(found, Definitions) or origin.attribute == origin.job_name:
        offered = found if isinstance(found, Definitions) else find_definitions(module)
        if origin.job_name in offered.jobs:
            return offered.jobs[origin.job_name]
    if found is None:
        find_attribute(module, origin.attribute)
    raise LoadError(f"{origin.attribute!r} in {module.__name__} is no job any more")


def asset_job_of(module: ModuleType, selection: str) -> JobDefinition:
    """Return a job that makes the selected ones of the assets that a module offers.

    Raises:
        LoadError: The module has no assets.
        InvalidArgumentError: The selection cannot be read, or names an asset that is not there.
        InvalidDefinitionError: The assets do not make a job: see `define_asset_job`.
    """
    from runrack.definitions.asset_job import define_asset_job
    from runrack.definitions.definitions import find_definitions

    assets = find_definitions(module).assets
    if not assets:
        raise LoadError(f"{place_of(module)} has no asset: decorate a function with @asset")
    return define_asset_job(ASSET_JOB, assets, selection)


def origin_of(module: ModuleType, job: JobDefinition, attribute: str) -> JobCodeOrigin:
    """Return where a job of a loaded module lies: by file when no import would lead to the module."""
    here = str(Path.cwd())
    if module.__name__ == "__main__" or is_loaded_from_file(module):
        if getattr(module, "__file__", None) is None:
            raise InvalidDefinitionError(
                f"job {job.name!r} was typed into an interactive session: write it to a file"
            )
        file = str(Path(str(module.__file__)).absolute())
        return JobCodeOrigin(job.name, attribute, file=file, working_directory=here)
    return JobCodeOrigin(job.name, attribute, module=module.__name__, working_directory=here)
