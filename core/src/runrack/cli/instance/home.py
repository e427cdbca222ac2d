"""`runrack instance home`."""

from __future__ import annotations

import click

from runrack.instance.home import find_home


@click.command
def command() -> None:
    """Print the folder of the instance.

    It is $RUNRACK_HOME, or ~/.runrack, which is made when it is missing.
    """
    click.echo(str(find_home()))
