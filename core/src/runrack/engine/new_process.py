"""How a new interpreter is started, how a copy of a process begins, and how both end."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn


def python_command(module: str, *arguments: str, executable: str | None = None) -> list[str]:
    """Return the command that calls `main` of a module in a new interpreter.

    Without an executable it is this one, and finds modules where this process does.
    """
    path = "" if executable is not None else f"import sys; sys.path[:] = {sys.path!r}; "
    return [executable or sys.executable, "-c", f"{path}from {module} import main; main()", *arguments]


def reseed_random() -> None:
    """Give a copy random numbers of its own. Python does so itself for the module `random`."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def leave(status: int) -> NoReturn:
    """End this process at once: threads that were left behind are not waited for."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)
