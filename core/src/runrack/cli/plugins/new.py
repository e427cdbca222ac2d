"""`runrack plugins new`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runrack.cli.plugins.kinds import CI_FILES, KINDS, LICENCES
from runrack.errors import InvalidArgumentError


@click.command
@click.argument("name", required=False)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    metavar="KIND",
    help=f"What it plugs in; may be repeated: {', '.join(KINDS)}.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the project; ./NAME when left out.",
)
@click.option("--plugin-name", help="Name by which an operator chooses it; made from NAME when left out.")
@click.option("--description", help="What it is, in one line.")
@click.option("--author", help="Who holds the copyright.")
@click.option("--licence", type=click.Choice(LICENCES), help="Its licence.")
@click.option("--ci", type=click.Choice(CI_FILES), help="For which service it gets a file of checks.")
@click.option("--defaults", is_flag=True, help="Ask nothing: what is left out gets its default.")
@click.option(
    "--update",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Bring a project that was made so to the template of this version of runrack.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    name: str | None,
    kinds: tuple[str, ...],
    into: Path | None,
    defaults: bool,
    update: Path | None,
    **answers: str | None,
) -> None:
    """Make the project of a new plugin, which works and is tested from the start.

    NAME is the distribution, such as acme-postgres. Needs the extra runrack-core[new].
    """
    if update is not None:
        _update(ctx, update)
        return
    if name is None:
        raise InvalidArgumentError("say what the distribution is to be called: runrack plugins new NAME")
    asks = sys.stdin.isatty() and not defaults
    if not (kinds or asks):
        raise InvalidArgumentError(f"say what it plugs in, with --kind: {', '.join(KINDS)}")
    folder = (into or Path(name)).absolute()
    given = {key: value for key, value in answers.items() if value is not None}
    _make(folder, {"project_name": name, **given, **({"kinds": list(kinds)} if kinds else {})}, asks=asks)


def _make(folder: Path, answers: dict[str, object], *, asks: bool) -> None:
    from runrack.cli.plugins.project import make_project, write_manifest

    make_project(folder, answers, asks=asks)
    click.echo(f"made {folder}")
    if (reason := write_manifest(folder)) is not None:
        click.echo(f"note: its manifest could not be written yet: {reason}", err=True)
        click.echo("      once it is installed: runrack plugins manifest PACKAGE", err=True)
    click.echo("\nNext:")
    click.echo(f"  cd {folder}")
    click.echo("  pip install --editable . --group dev")
    click.echo("  pytest")


def _update(ctx: click.Context, folder: Path) -> None:
    from runrack.cli.plugins.project import write_manifest
    from runrack.cli.plugins.project_update import update_project

    update = update_project(folder)
    for change in update.changes:
        click.echo(f"{change.what:9} {change.file}")
    if not update.changes:
        click.echo(f"nothing to do: {folder} is as the template of version {update.version} has it")
        return
    conflicts = sum(change.is_conflict for change in update.changes)
    if conflicts:
        click.echo(
            f"{conflicts} files hold both sides between <<<<<<< and >>>>>>>: decide, then test", err=True
        )
        ctx.exit(1)
    if (reason := write_manifest(folder)) is not None:
        click.echo(f"note: its manifest was left as it is: {reason}", err=True)
