"""`runrack config schema`."""

from __future__ import annotations

from typing import Any

import click

from runrack.cli.installed_plugins import installed_plugins
from runrack.cli.json_output import print_json
from runrack.cli.plugin_schemas import ManifestSchemas
from runrack.config.vocabulary import Field, json_schema
from runrack.errors import PluginError
from runrack.host.registry import PluginRegistry
from runrack.instance.configuration import PART_SLOTS, file_schema


@click.command
def command() -> None:
    """Print the JSON Schema of runrack.yaml.

    It knows the plugins that are installed, and how they are configured where their packages have manifests; none is
    imported. An editor that is given it completes keys and marks mistakes.
    """
    registry = installed_plugins()
    print_json(json_schema(file_schema(registry, _schemas(registry))))


def _schemas(registry: PluginRegistry) -> dict[tuple[str, str], Any]:
    manifests = ManifestSchemas()
    found = {
        (slot, record.name): _find(manifests, slot, record.target)
        for slot in PART_SLOTS
        for record in registry.list_plugins(slot)
    }
    return {key: schema for key, schema in found.items() if schema is not None}


def _find(manifests: ManifestSchemas, slot: str, target: str) -> Field | None:
    try:
        return manifests.find(slot, target)
    except PluginError as error:
        click.echo(f"warning: {error.message}", err=True)
        return None
