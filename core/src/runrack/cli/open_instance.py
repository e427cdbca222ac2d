"""The instance that the commands work on."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

import click

from runrack.instance.home import HOME_VARIABLE, make_home
from runrack.instance.instance import Instance


def open_instance() -> AbstractContextManager[Instance]:
    """Return the instance of the runrack home, to be closed by `with`. Raises as `Instance.get`."""
    return Instance.get()


def open_or_make_instance() -> AbstractContextManager[Instance]:
    """Return the instance of the runrack home as `open_instance` does; a home that is named but missing is made."""
    named = Path(os.environ.get(HOME_VARIABLE, "")).expanduser()
    if named.is_absolute() and not named.exists() and named.parent.is_dir():
        make_home(named)
        click.echo(f"note: made the runrack home {named}", err=True)
    return Instance.get()
