"""`runrack completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from runrack.errors import InvalidArgumentError

_VARIABLE = "_RUNRACK_COMPLETE"


@click.command
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands in a shell.

    Add it to what the shell reads at its start, as in: runrack completion bash >> ~/.bashrc
    """
    found = get_completion_class(shell)
    if found is None:
        raise InvalidArgumentError(f"there is no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "runrack", _VARIABLE).source())
