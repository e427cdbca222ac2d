"""Listeners that were made for hooks API 1.0: each notes that it was called."""

import os
from pathlib import Path

from runrack.hookspecs import hookimpl


@hookimpl
def instance_opened(instance):
    """Note that an instance was opened."""
    note(f"hooks instance_opened {type(instance).__name__}")


@hookimpl
def run_launching(run):
    """Note that a run is launched."""
    note(f"hooks run_launching {run.job_name}")


@hookimpl
def run_status_changed(run, event):
    """Note the new status of a run."""
    note(f"hooks run_status_changed {run.status.value} {event.event_type.value}")


@hookimpl
def events_stored(records):
    """Note that events were stored."""
    note(f"hooks events_stored {records[0].run_id is not None}")


@hookimpl
def step_finished(run, event):
    """Note that a step ended."""
    note(f"hooks step_finished {run.job_name} {event.step_key}")


@hookimpl
def command_line_built(group):
    """Note that a command line was built."""
    note(f"hooks command_line_built {group.name}")


@hookimpl
def instance_closed(instance):
    """Note that an instance was closed."""
    note(f"hooks instance_closed {type(instance).__name__}")


def note(what):
    """Append a line to the file that a test names."""
    file = os.environ.get("ACME_NOTES")
    if file is not None:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(f"{what}\n")
