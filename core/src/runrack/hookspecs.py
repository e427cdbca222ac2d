"""The hooks: what a plugin may listen to.

A plugin marks functions of a module, or methods of an object, with `hookimpl` and declares the module or object as
an entry point of the group `runrack.hooks`:

    from runrack.hookspecs import hookimpl

    @hookimpl
    def run_status_changed(run, event):
        print(run.run_id, event.event_type)

- An implementation names the arguments that it wants; it gets them by name, so a later version may add arguments.
- It is called in the process in which it happens, after the change is stored, and holds up what comes next: be quick.
- What it returns is ignored. What it raises is logged with the plugin's name and stops nothing; a plugin that keeps on
  raising is not called any more.
- `hookimpl(tryfirst=True)` and `hookimpl(trylast=True)` come before and after the others, which are called in the order of
  their distributions' names. Wrappers and coroutine functions are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from runrack.records.event import Event, EventLogRecord
    from runrack.records.run import Run

PROJECT = "runrack"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def run_status_changed(run: Run, event: Event) -> None:
    """A run has another status, and that is stored.

    Args:
        run: The run with its new status.
        event: The event that brought it.
    """


@hookspec
def events_stored(records: Sequence[EventLogRecord]) -> None:
    """Events are stored.

    Args:
        records: The events of one transaction with their storage ids, in the order of those; never empty.
    """


@hookspec
def run_launching(run: Run) -> None:
    """A run is about to be handed to the run launcher.

    Args:
        run: The run, in status STARTING.
    """


@hookspec
def step_finished(run: Run, event: Event) -> None:
    """A step ended, in success, failure, a skip, or waiting for another attempt.

    Args:
        run: The run that the step belongs to.
        event: The step's last event; its type says how the step ended, its `step_key` which one it was.
    """


@hookspec
def instance_opened(instance: Any) -> None:
    """An instance was opened in this process.

    Args:
        instance: The `runrack.Instance`. Do not keep it: it is closed later.
    """


@hookspec
def instance_closed(instance: Any) -> None:
    """An instance was closed; its parts can no longer be used.

    Args:
        instance: The `runrack.Instance`.
    """


@hookspec
def command_line_built(group: click.Group) -> None:
    """The command line is complete and about to read its arguments.

    Args:
        group: The command `runrack`; add commands of your own to it. Import what they need when they are called.
    """
