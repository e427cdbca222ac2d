"""Where the commands that load a person's code look for modules."""

from __future__ import annotations

import os
import sys


def import_from_here() -> None:
    """Let modules be imported from the working directory, as `python -m` does."""
    here = os.getcwd()  # noqa: PTH109 - a string is what sys.path holds
    if here not in sys.path:
        sys.path.insert(0, here)
