"""`runrack sensor cursor`."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from runrack.cli.instigator.choice import Chosen, choose, name_and_workspace, opened
from runrack.errors import InvalidArgumentError
from runrack.instance.instance import Instance
from runrack.interfaces.scheduler import store_state
from runrack.records.tick import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
)


@click.command
@name_and_workspace
@click.option("--set", "new_cursor", metavar="TEXT", help="Keep this bookmark instead.")
@click.option("--clear", is_flag=True, help="Forget the bookmark.")
def command(name: str, workspace_file: Path | None, new_cursor: str | None, clear: bool) -> None:
    """Show the bookmark of a sensor, or change it."""
    if clear and new_cursor is not None:
        raise InvalidArgumentError("give --set or --clear, not both")
    with opened(workspace_file) as (instance, workspace):
        chosen = choose(instance, workspace, InstigatorType.SENSOR, name)
        if clear or new_cursor is not None:
            _change(instance, chosen, new_cursor)
            click.echo(
                f"Sensor {chosen.info.name} continues {'from the beginning' if clear else 'from there'}."
            )
            return
    data = None if chosen.state is None else chosen.state.instigator_data
    cursor = data.cursor if isinstance(data, SensorInstigatorData) else None
    click.echo(f"Sensor {chosen.info.name} has no cursor." if cursor is None else cursor)


def _change(instance: Instance, chosen: Chosen, cursor: str | None) -> None:
    def with_cursor(stored: InstigatorState) -> InstigatorState:
        data = stored.instigator_data
        known = data if isinstance(data, SensorInstigatorData) else SensorInstigatorData()
        return replace(stored, instigator_data=replace(known, cursor=cursor))

    data = SensorInstigatorData(cursor=cursor)
    new = InstigatorState(chosen.origin, InstigatorType.SENSOR, InstigatorStatus.DECLARED_IN_CODE, data)
    store_state(instance.schedule_storage, new, with_cursor)
