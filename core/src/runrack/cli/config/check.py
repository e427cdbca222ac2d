"""`runrack config check`."""

from __future__ import annotations

from pathlib import Path

import click

from runrack.cli.config.configuration_check import ConfigurationCheck, check_configuration
from runrack.cli.output.display import escape
from runrack.cli.plugins.schemas import ImportedSchemas, ManifestSchemas
from runrack.config.document import Document, load_document
from runrack.config.problem import render
from runrack.errors import ConfigError
from runrack.host.registry import PluginRegistry
from runrack.instance.configuration import CONFIG_FILE, Configuration
from runrack.instance.home import find_home

MAX_SHOWN = 10


@click.command
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--import",
    "may_import",
    is_flag=True,
    help="Import the plugins that the file names, and resolve references.",
)
def command(file: Path | None, may_import: bool) -> None:
    """Say what is wrong with runrack.yaml.

    FILE is the one of the runrack home when left out. No plugin is imported: how it is configured is read from the manifest
    of its package. Exits with 2 when something is wrong.
    """
    path = find_home() / CONFIG_FILE if file is None else file
    if file is None and not path.exists():
        click.echo(f"ok: there is no {path}: every part is the default one")
        return
    document = load_document(path)
    registry = _registry(document)
    schemas = ImportedSchemas(registry) if may_import else ManifestSchemas()
    check = check_configuration(document, registry, schemas, resolve=may_import)
    for warning in check.warnings:
        click.echo(escape(f"warning: {warning}"), err=True)
    if check.problems or check.plugin_problems:
        shown = [render(check.problems, MAX_SHOWN)] if check.problems else []
        raise ConfigError("\n".join([*shown, *check.plugin_problems]), check.problems, check.plugin_codes)
    click.echo(f"ok: {path}")
    _print_unchecked(check, may_import=may_import)


def _registry(document: Document) -> PluginRegistry:
    """Return the installed plugins under the policy of the file, or of the environment where the file is broken."""
    try:
        return Configuration(document).make_registry()
    except ConfigError:
        return PluginRegistry()


def _print_unchecked(check: ConfigurationCheck, *, may_import: bool) -> None:
    if may_import or not check.unchecked:
        return
    for part in check.unchecked:
        click.echo(escape(f"not checked: the configuration of {part}; its package has no manifest for it"))
    click.echo("`runrack config check --import` imports these and checks them fully")
