"""The runrack home: the folder of the default instance, with its `runrack.yaml`."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from runrack.errors import HomeError

HOME_VARIABLE = "RUNRACK_HOME"
CONFIG_FILE = "runrack.yaml"


def find_home(environ: Mapping[str, str] | None = None) -> Path:
    """Return the runrack home: `$RUNRACK_HOME`, or `~/.runrack`, which is made when it is missing.

    Raises:
        HomeError: `$RUNRACK_HOME` is not an absolute path of a folder, or others may write to the home.
    """
    named = (os.environ if environ is None else environ).get(HOME_VARIABLE, "")
    if not named:
        return make_home(Path.home() / ".runrack")
    home = Path(named).expanduser()
    if not home.is_absolute():
        raise HomeError(
            f"${HOME_VARIABLE} must be an absolute path: it means another folder in every other folder"
        )
    if not home.exists():
        raise HomeError(
            f"${HOME_VARIABLE} names a folder that does not exist. `runrack init` makes it: {home}"
        )
    return check_home(home)


def make_home(home: Path) -> Path:
    """Make the folder, for its owner alone, unless it is there, and return it checked.

    Raises:
        HomeError: It cannot be made, is no folder, or others may write to it.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(f"the runrack home cannot be made: {home}: {error.strerror}") from error
    return check_home(home)


def check_home(home: Path) -> Path:
    """Return the folder when it can serve as a home.

    Raises:
        HomeError: It is no folder, or others may write to it: whoever may write there decides what runs.
    """
    if not home.is_dir():
        raise HomeError(f"the runrack home is not a folder: {home}")
    if home.stat().st_mode & stat.S_IWOTH:
        raise HomeError(f"everyone may write to the runrack home: {home}. Run `chmod o-w` on it")
    return home
