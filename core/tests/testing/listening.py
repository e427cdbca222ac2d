"""A plugin that listens to every hook, and does little."""

from collections import Counter

import click

from runrack.hookspecs import hookimpl

counted = Counter()


@hookimpl
def run_status_changed(run, event):
    counted[run.status, event.event_type] += 1


@hookimpl
def events_stored(records):
    counted["records"] += len(records)


@hookimpl
def run_launching(run):
    counted["launching"] += 1


@hookimpl
def step_finished(event):
    counted[event.event_type] += 1


@hookimpl
def instance_opened(instance):
    counted["open"] += 1


@hookimpl
def instance_closed():
    counted["open"] -= 1


@hookimpl
def command_line_built(group):
    @group.command("count")
    def count():
        """Show what was counted."""
        click.echo(str(counted))
