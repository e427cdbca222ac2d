"""`runrack init`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from runrack.cli.configuration_template import configuration_template
from runrack.errors import HomeError
from runrack.instance.home import CONFIG_FILE, HOME_VARIABLE, make_home


@click.command
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The folder to make; $RUNRACK_HOME or else ~/.runrack when left out.",
)
def command(home: Path | None) -> None:
    """Make a runrack home with a commented runrack.yaml.

    What is there already stays as it is, so the command may be repeated.
    """
    active = Path(os.environ.get(HOME_VARIABLE) or Path.home() / ".runrack").expanduser()
    folder = active if home is None else home.expanduser().absolute()
    if not folder.is_absolute():
        raise HomeError(f"${HOME_VARIABLE} must be an absolute path; it is not")
    existed = folder.exists()
    make_home(folder)
    click.echo(f"{'found' if existed else 'made'} {folder}")
    wrote = _write_once(folder / CONFIG_FILE)
    click.echo(f"{'wrote' if wrote else 'kept'} {folder / CONFIG_FILE}")
    click.echo("\nNext:")
    if folder != active:
        click.echo(f"  export {HOME_VARIABLE}={folder}")
    click.echo("  runrack config check      after a change of the file")
    click.echo("  runrack run FILE          to run the job in a Python file")
    click.echo("  runrack runs list         to see what ran")


def _write_once(file: Path) -> bool:
    """Write the template unless the file is there; tell whether it was written."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise HomeError(f"{file} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(configuration_template(file.parent))
    return True
