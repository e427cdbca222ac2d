"""How a new interpreter is started, how a copy of a process begins, and how both end."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn


def python_command(module: str, *arguments: str, executable: str | None = None) -> list[str]:
    """Return the command that calls `main` of a module in a new interpreter.

    Without an executable it is this one, and finds modules where this process does, also when it works in another folder.
    """
    # An empty entry is the working directory.
    found_in = [str(Path(entry).absolute()) for entry in sys.path]
    path = "" if executable is not None else f"import sys; sys.path[:] = {found_in!r}; "
    return [executable or sys.executable, "-c", f"{path}from {module} import main; main()", *arguments]


def environment_elsewhere() -> dict[str, str]:
    """Return the environment for a process that works in another folder: PYTHONPATH names the folders that it names here."""
    environment = dict(os.environ)
    if search_path := environment.get("PYTHONPATH"):
        folders = (str(Path(entry).absolute()) for entry in search_path.split(os.pathsep))
        environment["PYTHONPATH"] = os.pathsep.join(folders)
    return environment


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
