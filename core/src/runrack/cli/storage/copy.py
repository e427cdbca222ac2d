"""`runrack storage copy`."""

from __future__ import annotations

from pathlib import Path

import click

from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.progress_bar import progress_bar
from runrack.errors import ConflictError, InvalidArgumentError
from runrack.instance.configuration import CONFIG_FILE
from runrack.instance.instance import Instance
from runrack.instance.storage_copy import copy_storage
from runrack.interfaces.storage_copy import SupportsCopy
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter

_HELD_BY_A_PROCESS = (RunStatus.STARTING, RunStatus.STARTED, RunStatus.CANCELING)


@click.command
@click.argument("source", metavar="FROM", type=click.Path(exists=True, path_type=Path))
@click.argument("target", metavar="TO", type=click.Path(exists=True, path_type=Path))
@click.option("--force", is_flag=True, help="Also copy while runs are not finished.")
@json_option
def command(source: Path, target: Path, force: bool, as_json: bool) -> None:
    """Copy all that a storage keeps to another one.

    FROM and TO are each a runrack home, or a file like runrack.yaml that says where the storage is. TO has to be empty.
    Ids stay the same. Stop daemons and runs first. A copy that was interrupted goes on when the command is called again.
    """
    with _open(source) as origin, _open(target) as destination:
        if not force:
            _refuse_unfinished(origin)
        with progress_bar() as report:
            copied = copy_storage(_copyable(origin, source), _copyable(destination, target), report)
    if as_json:
        print_json({table: {"rows": found.rows, "digest": found.digest} for table, found in copied.items()})
        return
    for table, found in copied.items():
        click.echo(f"{table}: {found.rows} rows, digest {found.digest}")


def _open(place: Path) -> Instance:
    folder, file = (place, CONFIG_FILE) if place.is_dir() else (place.parent, place.name)
    return Instance.from_config(folder.absolute(), file)


def _copyable(instance: Instance, place: Path) -> SupportsCopy:
    storage = instance.storage
    if not isinstance(storage, SupportsCopy):
        raise InvalidArgumentError(f"the storage of {place} cannot be copied: only one that is combined can")
    return storage


def _refuse_unfinished(instance: Instance) -> None:
    count = instance.get_runs_count(RunsFilter(statuses=list(_HELD_BY_A_PROCESS)))
    if count:
        raise ConflictError(
            f"{count} runs are not finished, and what they store during the copy would be missing:"
            " wait for their end, or copy with --force if no process works on them any more"
        )
