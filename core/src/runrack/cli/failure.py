"""How a command ends when it fails: what is said, and with which code it exits."""

from __future__ import annotations

import click

from runrack.cli.display import escape
from runrack.config.secret import redact
from runrack.errors import ExecutionInterruptedError, RunrackError

FAILED = 1
INTERRUPTED = 130


def report_failure(error: BaseException, *, is_debugging: bool) -> int:
    """Say on standard error what went wrong and return the exit code: an error of runrack's family has its own.

    Args:
        error: What came out of the command.
        is_debugging: Whether the traceback is shown too.
    """
    if is_debugging:
        _show_traceback(error)
    if isinstance(error, KeyboardInterrupt | ExecutionInterruptedError | click.Abort):
        _complain("aborted" if isinstance(error, click.Abort) else str(error) or "interrupted")
        return INTERRUPTED
    if isinstance(error, RunrackError):
        _complain(error.message)
        return error.exit_code
    what = " ".join(f"{type(error).__name__}: {error}".split())
    _complain(
        f"{what}\nThis is a bug in runrack or in one of its plugins. Please report it with what `runrack --debug …`"
        " prints for the same command, and with `runrack --version`."
    )
    return FAILED


def _complain(message: str) -> None:
    click.echo(f"{click.style('error:', fg='red')} {escape(redact(message))}", err=True)


def _show_traceback(error: BaseException) -> None:
    import traceback

    click.echo(escape(redact("".join(traceback.format_exception(error)))), err=True, nl=False)
