"""The schedules and sensors of a workspace, as the command line names them: `NAME` or `LOCATION:NAME`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.open_workspace import open_workspace, workspace_option
from runrack.cli.output.display import escape_line
from runrack.config.problem import nearest
from runrack.errors import LocationUnavailableError, NotFoundError
from runrack.instance.instance import Instance
from runrack.interfaces.scheduler import is_running
from runrack.interfaces.workspace import CodeLocation, ScheduleInfo, SensorInfo, Workspace
from runrack.records.tick import InstigatorOrigin, InstigatorState, InstigatorType

Info = ScheduleInfo | SensorInfo


@dataclass(frozen=True)
class Chosen:
    """A schedule or sensor, where it is defined, and what is stored of it."""

    info: Info
    location: CodeLocation
    state: InstigatorState | None = None

    @property
    def origin(self) -> InstigatorOrigin:
        """Which one it is."""
        return InstigatorOrigin(self.location.name, self.info.name)

    @property
    def is_running(self) -> bool:
        """Whether daemons evaluate it."""
        return is_running(self.state, self.info.default_status)

    @property
    def status(self) -> str:
        """Whether it runs, and whether a person or the code has said so."""
        said = self.state is not None and self.state.status.value in {"RUNNING", "STOPPED"}
        return f"{'RUNNING' if self.is_running else 'STOPPED'}{'' if said else ' (by its code)'}"


@contextmanager
def opened(workspace_file: Path | None) -> Iterator[tuple[Instance, Workspace]]:
    """Give the instance and the workspace of a command."""
    with open_instance() as instance, open_workspace(instance, workspace_file) as workspace:
        yield instance, workspace


def name_and_workspace(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with the argument NAME and the option `-w`."""
    return click.argument("name")(workspace_option(function))


def list_all(instance: Instance, workspace: Workspace, kind: InstigatorType) -> Sequence[Chosen]:
    """Return all schedules or sensors, by location and name; what cannot be loaded is said on stderr."""
    states = {state.selector_id: state for state in instance.schedule_storage.all_instigator_state()}
    found: list[Chosen] = []
    for location_name in workspace.location_names:
        location = workspace.get_location(location_name)
        try:
            contents = location.get_contents()
        except LocationUnavailableError as error:
            click.echo(escape_line(error.message), err=True)
            continue
        infos: Sequence[Info] = contents.schedules if kind is InstigatorType.SCHEDULE else contents.sensors
        for info in infos:
            selector_id = InstigatorOrigin(location_name, info.name).selector_id
            found.append(Chosen(info, location, states.get(selector_id)))
    return found


def choose(instance: Instance, workspace: Workspace, kind: InstigatorType, name: str) -> Chosen:
    """Return the schedule or sensor that a name stands for.

    Raises:
        NotFoundError: There is none, or several locations have one.
    """
    known = list_all(instance, workspace, kind)
    found = [each for each in known if name in {each.info.name, f"{each.location.name}:{each.info.name}"}]
    if len(found) == 1:
        return found[0]
    what = kind.value.lower()
    if found:
        places = ", ".join(f"{each.location.name}:{each.info.name}" for each in found)
        raise NotFoundError(f"several locations have a {what} {name!r}: write one of {places}")
    near = nearest(name, [each.info.name for each in known])
    hint = f"did you mean {near!r}? " if near else ""
    names = ", ".join(each.info.name for each in known) or "none"
    raise NotFoundError(f"there is no {what} {name!r}; {hint}there is: {names}")
