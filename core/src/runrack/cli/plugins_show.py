"""`runrack plugins show`."""

from __future__ import annotations

import click

from runrack.cli.display import escape
from runrack.cli.installed_plugins import installed_plugins
from runrack.cli.json_output import json_option, print_json
from runrack.cli.plugin_view import plugin_as_json, print_plugin
from runrack.host.manifest import ManifestEntry, describe_plugin, read_manifest, top_level_package
from runrack.host.plugin_record import PluginRecord
from runrack.host.registry import PluginRegistry
from runrack.host.slots import SLOTS


@click.command
@click.argument("slot", type=click.Choice(list(SLOTS)), metavar="SLOT")
@click.argument("name")
@json_option
def command(slot: str, name: str, as_json: bool) -> None:
    """Show one plugin with its configuration.

    Where the plugin's package has no manifest, the plugin is imported.
    """
    registry = installed_plugins()
    record = registry.get_plugin(slot, name)
    entry = _describe(registry, record)
    if as_json:
        print_json({**plugin_as_json(record), "summary": entry.summary, "config_schema": entry.config_schema})
        return
    print_plugin(record)
    if entry.summary:
        click.echo(f"\n{escape(entry.summary)}")
    _print_configuration(entry)


def _describe(registry: PluginRegistry, record: PluginRecord) -> ManifestEntry:
    manifest = read_manifest(top_level_package(record.target))
    entry = None if manifest is None else manifest.find(record.slot, record.target)
    return entry if entry is not None else describe_plugin(record, registry.load(record))


def _print_configuration(entry: ManifestEntry) -> None:
    if entry.config_schema is None:
        return
    properties = entry.config_schema.get("properties", {})
    required = entry.config_schema.get("required", ())
    click.echo("\nConfiguration:" if properties else "\nConfiguration: none")
    for name, schema in properties.items():
        remark = (
            "required"
            if name in required
            else f"default {schema['default']!r}"
            if "default" in schema
            else "optional"
        )
        click.echo(escape(f"  {name} ({remark})  {schema.get('description', '')}").rstrip())
