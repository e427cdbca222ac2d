"""`runrack plugins manifest`."""

from __future__ import annotations

import click

from runrack.cli.installed_plugins import installed_plugins
from runrack.errors import ConflictError
from runrack.host.package_manifest import make_package_manifest


@click.command
@click.argument("package")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the file is not up to date.")
def command(package: str, check: bool) -> None:
    """Write the runrack_plugin.json of a plugin's package.

    PACKAGE is the import package, or the distribution, of plugins that are installed, for development best as editable. They
    are imported. With the file, `runrack config check` knows their configuration without importing them.
    """
    manifest = make_package_manifest(installed_plugins(), package)
    if not check:
        manifest.file.write_text(manifest.text, encoding="utf-8")
        click.echo(f"wrote {manifest.file}")
        return
    if not manifest.is_current():
        raise ConflictError(f"{manifest.file} is not up to date: run `runrack plugins manifest {package}`")
    click.echo(f"ok: {manifest.file}")
