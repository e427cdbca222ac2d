"""LoadedCode: the definitions of a code location, in the process that has loaded them."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import msgspec

from runrack.definitions.definitions import Definitions, find_definitions
from runrack.definitions.job import JobDefinition
from runrack.definitions.loader import find_attribute, load_module
from runrack.definitions.reconstructable import origin_of
from runrack.definitions.schedule import ScheduleDefinition
from runrack.definitions.sensor import SensorDefinition
from runrack.errors import LoadError
from runrack.interfaces.workspace import JobInfo, LocationContents, ScheduleInfo, SensorInfo
from runrack.records.run import JobCodeOrigin, Run
from runrack.workspace.location_target import LocationTarget
from runrack.workspace.message import FileStamp

Named = TypeVar("Named", JobDefinition, ScheduleDefinition, SensorDefinition)


@dataclass(frozen=True)
class LoadedCode:
    """The definitions of a code location, by name.

    Attributes:
        target: What it was made from.
        jobs, schedules, sensors: The definitions.
        contents: What there is to say of them to other processes.
    """

    target: LocationTarget
    jobs: Mapping[str, JobDefinition]
    schedules: Mapping[str, ScheduleDefinition]
    sensors: Mapping[str, SensorDefinition]
    contents: LocationContents

    def pin(self, run: Run) -> Run:
        """Return a run with the place of its job in this location, whatever it says itself of where its code lies.

        Whoever can write into the database could otherwise choose what is executed. Where the location has no such job,
        it is a place at which none is found.
        """
        if self.target.follows_pointers:
            return run
        info = self.contents.find_job(run.job_name)
        origin = _place_without_job(self.target, run.job_name) if info is None else info.code_origin
        return msgspec.structs.replace(run, job_code_origin=origin)


def load_code(target: LocationTarget) -> LoadedCode:
    """Return the definitions of a location, loading its code into this process.

    Raises:
        LoadError: The code cannot be loaded, or two definitions of one kind have one name.
        InvalidDefinitionError: What a module binds does not go together.
    """
    jobs: dict[str, JobDefinition] = {}
    schedules: dict[str, ScheduleDefinition] = {}
    sensors: dict[str, SensorDefinition] = {}
    infos: dict[str, JobInfo] = {}
    for module in _load_modules(target):
        found = _definitions_in(module, target.attribute)
        _add(target, "jobs", jobs, found.jobs)
        _add(target, "schedules", schedules, found.schedules)
        _add(target, "sensors", sensors, found.sensors)
        for job in found.jobs.values():
            infos.setdefault(job.name, _job_info(module, job, target))
    contents = LocationContents(
        tuple(infos[name] for name in sorted(infos)),
        tuple(schedule_info(schedules[name]) for name in sorted(schedules)),
        tuple(sensor_info(sensors[name]) for name in sorted(sensors)),
    )
    return LoadedCode(target, jobs, schedules, sensors, contents)


def stamps_of_files(target: LocationTarget, error: BaseException | None = None) -> tuple[FileStamp, ...]:
    """Return the files that the code of a location comes from, as they are now.

    They are those of all modules below its folder, and those that an error in loading points to.
    """
    folder = target.working_directory or str(Path.cwd())
    roots = {f"{folder}/", f"{Path(target.python_file).parent}/" if target.python_file else f"{folder}/"}
    paths = {str(getattr(module, "__file__", None)) for module in list(sys.modules.values())}
    named = {target.python_file} if target.python_file else set()
    found = {path for path in paths if path.startswith(tuple(roots))} | named | set(_files_of_error(error))
    packages = f"{sys.prefix}/"
    return tuple(stamp_of(path) for path in sorted(found) if not path.startswith(packages))


def stamp_of(path: str) -> FileStamp:
    """Return a file as it is now."""
    try:
        status = Path(path).stat()
    except OSError:
        return FileStamp(path, -1, -1)
    return FileStamp(path, status.st_mtime_ns, status.st_size)


def _load_modules(target: LocationTarget) -> Sequence[ModuleType]:
    if target.python_file is not None:
        return [load_module(file=target.python_file)]
    if target.python_module is not None:
        return [load_module(module=target.python_module)]
    package = load_module(module=target.package)
    below = pkgutil.walk_packages(getattr(package, "__path__", ()), f"{package.__name__}.")
    return [package, *(load_module(module=found.name) for found in below)]


def _definitions_in(module: ModuleType, attribute: str | None) -> Definitions:
    if attribute is None:
        return find_definitions(module)
    found = find_attribute(module, attribute)
    if isinstance(found, JobDefinition):
        return Definitions(jobs=[found])
    if not isinstance(found, Definitions):
        raise LoadError(f"{attribute!r} in {module.__name__} is neither Definitions nor a job")
    return found


def _add(target: LocationTarget, kind: str, known: dict[str, Named], found: Mapping[str, Named]) -> None:
    for name, definition in found.items():
        if known.setdefault(name, definition) is not definition:
            raise LoadError(f"{target.source}: two of the {kind} are named {name!r}: rename one of them")


def _job_info(module: ModuleType, job: JobDefinition, target: LocationTarget) -> JobInfo:
    """Return what a job looks like; bound to no name of its own, it is found by that of the Definitions or by its own."""
    names = [name for name, value in vars(module).items() if value is job]
    origin = msgspec.structs.replace(
        origin_of(module, job, names[0] if names else target.attribute or job.name),
        working_directory=target.working_directory,
        executable=target.executable_path,
    )
    return JobInfo(job.name, origin, job.snapshot, job.tags, has_partitions=job.partitions_def is not None)


def _place_without_job(target: LocationTarget, job_name: str) -> JobCodeOrigin:
    return JobCodeOrigin(
        job_name,
        job_name,
        file=target.python_file,
        module=target.python_module or target.package,
        working_directory=target.working_directory,
        executable=target.executable_path,
    )


def schedule_info(schedule: ScheduleDefinition) -> ScheduleInfo:
    """Return what a schedule looks like from outside its process."""
    return ScheduleInfo(
        name=schedule.name,
        job_name=schedule.job_name,
        cron_schedule=schedule.cron_schedule,
        execution_timezone=schedule.execution_timezone,
        default_status=schedule.default_status,
        description=schedule.description,
        catch_up=schedule.catch_up,
    )


def sensor_info(sensor: SensorDefinition) -> SensorInfo:
    """Return what a sensor looks like from outside its process."""
    return SensorInfo(
        name=sensor.name,
        job_names=sensor.job_names,
        minimum_interval_seconds=sensor.minimum_interval_seconds,
        default_status=sensor.default_status,
        description=sensor.description,
        is_of_run_status=sensor.is_of_run_status,
    )


def _files_of_error(error: BaseException | None) -> Iterator[str]:
    """Yield the files that an error in loading points to: the loader keeps the user's error as the context of its own."""
    cause = error
    while cause is not None:
        if isinstance(cause, SyntaxError) and cause.filename is not None:
            yield cause.filename
        trace = cause.__traceback__
        while trace is not None:
            path = trace.tb_frame.f_code.co_filename
            if path.endswith(".py") and not path.startswith(_FRAMEWORK):
                yield path
            trace = trace.tb_next
        cause = cause.__context__


_FRAMEWORK = (f"{Path(__file__).parents[1]}/", str(Path(importlib.__file__).parent))
