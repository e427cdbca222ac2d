"""`runrack plugins manifest`."""

from __future__ import annotations

from pathlib import Path

import click

from runrack.cli.installed_plugins import installed_plugins
from runrack.errors import ConflictError, PluginError, PluginNotFoundError
from runrack.host.manifest import belongs_to, describe_distribution, find_manifest_file, top_level_package
from runrack.host.slots import PLUGIN_API_SLOT


@click.command
@click.argument("package")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the file is not up to date.")
def command(package: str, check: bool) -> None:
    """Write the runrack_plugin.json of a plugin's package.

    PACKAGE is the import package, or the distribution, of plugins that are installed, for development best as editable. They
    are imported. With the file, `runrack config check` knows their configuration without importing them.
    """
    registry = installed_plugins()
    records = [
        record
        for record in registry.list_plugins()
        if record.slot != PLUGIN_API_SLOT and record.distribution and belongs_to(record, package)
    ]
    if not records:
        raise PluginNotFoundError(
            f"no installed plugin belongs to {package!r}", fix="install it first: pip install --editable ."
        )
    packages = {top_level_package(record.target) for record in records}
    if len(packages) > 1:
        raise PluginError(
            f"{package} has plugins in several packages: {', '.join(sorted(packages))}",
            fix="name one of them",
        )
    file = find_manifest_file(packages.pop())
    if file is None:
        raise PluginError(f"the plugins of {package!r} lie in no package", fix="put them into a package")
    text = describe_distribution(records, [registry.load(record) for record in records]).render()
    if check:
        _check(file, text, package)
    else:
        file.write_text(text, encoding="utf-8")
        click.echo(f"wrote {file}")


def _check(file: Path, text: str, package: str) -> None:
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        raise ConflictError(f"{file} is not up to date: run `runrack plugins manifest {package}`")
    click.echo(f"ok: {file}")
