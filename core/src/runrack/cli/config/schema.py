"""`runrack config schema`."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import click

from runrack.cli.config.modeline import with_modeline
from runrack.cli.installed_plugins import installed_plugins
from runrack.cli.output.json_output import print_json
from runrack.cli.plugins.schemas import ManifestSchemas
from runrack.config.vocabulary import Field, json_schema
from runrack.errors import ConfigError, PluginError
from runrack.host.registry import PluginRegistry
from runrack.instance.configuration import CONFIG_FILE, PART_SLOTS, file_schema
from runrack.instance.home import find_home


@click.command
@click.option(
    "--write",
    "file",
    is_flag=False,
    flag_value="",
    metavar="[PATH]",
    help="Write the schema beside the runrack.yaml at PATH, the one of the home when left out, and name it there.",
)
def command(file: str | None) -> None:
    """Print the JSON Schema of runrack.yaml.

    It knows the plugins that are installed, and how they are configured where their packages have manifests; none is
    imported. With --write, editors that have a YAML language server find it by themselves, complete keys and mark mistakes;
    repeat it when other plugins are installed.
    """
    registry = installed_plugins()
    schema = json_schema(file_schema(registry, _schemas(registry)))
    if file is None:
        print_json(schema)
    else:
        _write_beside(Path(file) if file else find_home() / CONFIG_FILE, schema)


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


def _write_beside(file: Path, schema: dict[str, Any]) -> None:
    """Write the schema, and the line that names it into the configuration file; nothing when that cannot be written."""
    schema_file = file.with_suffix(".schema.json")
    try:
        content = file.read_bytes()
        _check_writable(file)
        _replace(schema_file, f"{json.dumps(schema, indent=2)}\n".encode())
        _replace(file, with_modeline(content, schema_file.name))
    except FileNotFoundError:
        raise ConfigError(f"there is no {file}: `runrack init` makes one in the home") from None
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be written: {error.strerror}; make it writable, or print the schema without"
            " --write and name it to the editor"
        ) from None
    click.echo(f"wrote {schema_file}")
    click.echo(f"{file} names it in a comment at its top")


def _check_writable(file: Path) -> None:
    """Refuse a file that is marked as read-only, also where the folder would let it be replaced."""
    if not file.stat().st_mode & stat.S_IWUSR or not os.access(file, os.W_OK):
        raise PermissionError(0, "it is read-only", str(file))


def _replace(file: Path, content: bytes) -> None:
    """Put the content in the place of the file's in one move, with the same permissions; a link keeps leading to it."""
    target = file.resolve()
    if target.exists() and target.read_bytes() == content:
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
