"""`runrack plugins why`."""

from __future__ import annotations

import click

from runrack.cli.installed_plugins import installed_plugins
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.plugins.view import plugin_as_json, print_field, print_plugin
from runrack.config.problem import nearest
from runrack.errors import PluginNotFoundError
from runrack.host.plugin_record import PluginRecord, PluginState
from runrack.host.registry import PluginRegistry
from runrack.host.slots import SLOTS


@click.command
@click.argument("name")
@click.option(
    "--import", "may_import", is_flag=True, help="Import it in another process, to see whether it works."
)
@json_option
def command(name: str, may_import: bool, as_json: bool) -> None:
    """Explain what became of a plugin or of a distribution.

    NAME is the name of a plugin, or of the distribution that brings it.
    """
    registry = installed_plugins()
    records = registry.explain(name)
    if not records:
        raise _not_found(registry, name)
    if may_import:
        records = [_tried(record) for record in records]
    if as_json:
        print_json([plugin_as_json(record) for record in records])
        return
    for number, record in enumerate(records):
        if number:
            click.echo()
        print_plugin(record)
        _print_use(record)


def _tried(record: PluginRecord) -> PluginRecord:
    if record.state is not PluginState.FOUND:
        return record
    from runrack.cli.plugins.trial import try_plugin

    return try_plugin(record)


def _print_use(record: PluginRecord) -> None:
    if record.state is PluginState.FOUND:
        print_field("note", "not imported yet; --import tries whether it works")
    key = SLOTS[record.slot].yaml_key
    if key is not None and record.state in {PluginState.FOUND, PluginState.LOADED}:
        print_field("to use it", f"{key}: {record.name}   in runrack.yaml")


def _not_found(registry: PluginRegistry, name: str) -> PluginNotFoundError:
    records = registry.list_plugins()
    near = nearest(
        name, {record.name for record in records} | {record.distribution or "" for record in records}
    )
    broken = [found for found in registry.diagnostics if name in found.distribution]
    message = f"no installed plugin and no distribution with plugins is named {name!r}"
    message += f"; did you mean {near!r}?" if near else ""
    message += "".join(f"\n  {found.distribution}: {found.reason}; fix: {found.fix}" for found in broken)
    return PluginNotFoundError(message, fix="`runrack plugins list` shows what is installed")
