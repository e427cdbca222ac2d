"""How a command ends when it fails: what is said, and with which code it exits."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runrack.cli.output.display import escape
from runrack.config.secret import redact
from runrack.errors import ConfigError, ExecutionInterruptedError, RunrackError

FAILED = 1
INTERRUPTED = 130
UNEXPECTED_CODE = "RR-X003"
"""The code of an error that is not of runrack's family."""


def report_failure(error: BaseException, *, is_debugging: bool, as_json: bool = False) -> int:
    """Say on standard error what went wrong and return the exit code: an error of runrack's family has its own.

    Args:
        error: What came out of the command.
        is_debugging: Whether the traceback is shown too.
        as_json: Whether it is said as one line of JSON.
    """
    if is_debugging:
        _show_traceback(error)
    if isinstance(error, KeyboardInterrupt | ExecutionInterruptedError | click.Abort):
        _complain("aborted" if isinstance(error, click.Abort) else str(error) or "interrupted")
        return INTERRUPTED
    message, exit_code, codes = _describe(error)
    if as_json:
        _print_json(error, message, exit_code, codes)
    else:
        _complain(f"{message}\n  more: runrack explain {' '.join(codes)}")
    return exit_code


def _describe(error: BaseException) -> tuple[str, int, Sequence[str]]:
    if isinstance(error, ConfigError):
        return error.message, error.exit_code, error.codes
    if isinstance(error, RunrackError):
        return error.message, error.exit_code, [error.code]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    message = (
        f"{what}\nThis is a bug in runrack or in one of its plugins. Please report it with what `runrack --debug …`"
        " prints for the same command, and with `runrack --version`."
    )
    return message, FAILED, [UNEXPECTED_CODE]


def _complain(message: str) -> None:
    click.echo(f"{click.style('error:', fg='red')} {escape(redact(message))}", err=True)


def _print_json(error: BaseException, message: str, exit_code: int, codes: Sequence[str]) -> None:
    import json

    problems = error.problems if isinstance(error, ConfigError) else ()
    content = {
        "message": redact(message),
        "codes": list(codes),
        "exit_code": exit_code,
        "problems": [{"code": problem.code, "text": redact(str(problem))} for problem in problems],
    }
    click.echo(json.dumps({"error": content}), err=True)


def _show_traceback(error: BaseException) -> None:
    import traceback

    click.echo(escape(redact("".join(traceback.format_exception(error)))), err=True, nl=False)
