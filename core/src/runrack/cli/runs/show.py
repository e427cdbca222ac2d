"""`runrack runs show`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line, indent_after_first
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.masking import masked
from runrack.cli.output.moment import date_and_clock, duration, iso
from runrack.cli.output.table import colored, print_table
from runrack.cli.runs.event_view import find_error
from runrack.cli.runs.run_reference import find_run
from runrack.cli.runs.run_view import SHORT_ID, run_as_json, run_duration
from runrack.cli.runs.timeline import Timeline, ready_times, timeline_of
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.plugin_set import PluginSet
from runrack.records.run import RunRecord
from runrack.records.snapshot import ExecutionPlanSnapshot
from runrack.records.stats import RunStats, StepStats, StepStatus

_LABEL = 10


@click.command
@click.argument("run")
@json_option
def command(run: str, as_json: bool) -> None:
    """Show one run with its steps.

    RUN is a run id, the beginning of one (at least 4 characters), or `last`.
    """
    with open_instance() as instance:
        record = find_run(instance, run)
        steps = instance.get_run_step_stats(record.run.run_id)
        stats = instance.get_run_stats(record.run.run_id)
        plan = _plan_of(instance, record)
        failure = _failure(instance, record)
        plugins = _plugins_of(instance, record)
    if as_json:
        print_json(
            {
                **run_as_json(record),
                "run_config": masked(dict(record.run.run_config)),
                "failure": failure,
                "plugins": _plugins_as_json(record, plugins),
                "stats": _stats_as_json(stats, steps),
                "steps": [_step_as_json(step) for step in steps],
            }
        )
        return
    _print_run(record, failure, plugins)
    _print_stats(stats, steps)
    _print_steps(steps, plan)
    short = escape_line(record.run.run_id[:SHORT_ID])
    click.echo(f"\nLook further: runrack events {short} · runrack logs {short}")


def _failure(instance: Instance, record: RunRecord) -> str | None:
    """Return what the run's log says about why it failed; None for a run that did not."""
    if not record.run.is_failure:
        return None
    entries = instance.all_logs(record.run.run_id, of_type=EventType.RUN_FAILURE)
    if not entries:
        return None
    error = find_error(entries[-1])
    return entries[-1].message if error is None else f"{entries[-1].message}\n{error.message.rstrip()}"


def _plan_of(instance: Instance, record: RunRecord) -> ExecutionPlanSnapshot | None:
    snapshot_id = record.run.execution_plan_snapshot_id
    found = None if snapshot_id is None else instance.run_storage.get_snapshot(snapshot_id)
    return found if isinstance(found, ExecutionPlanSnapshot) else None


def _plugins_of(instance: Instance, record: RunRecord) -> PluginSet | None:
    plugin_set_id = record.run.plugin_set_id
    return None if plugin_set_id is None else instance.get_plugin_set(plugin_set_id)


def _plugins_as_json(record: RunRecord, plugins: PluginSet | None) -> dict[str, Any]:
    parts, versions = ({}, {}) if plugins is None else (plugins.parts, plugins.versions)
    return {"id": record.run.plugin_set_id, "parts": dict(parts), "versions": dict(versions)}


def _stats_as_json(stats: RunStats, steps: Sequence[StepStats]) -> dict[str, Any]:
    return {
        "steps_succeeded": stats.steps_succeeded,
        "steps_failed": stats.steps_failed,
        "steps_skipped": _skipped(steps),
        "retries": _retries(steps),
        "materializations": stats.materializations,
        "expectations": stats.expectations,
        "enqueued_at": iso(stats.enqueued_time),
        "launched_at": iso(stats.launch_time),
    }


def _skipped(steps: Sequence[StepStats]) -> int:
    return sum(step.status is StepStatus.SKIPPED for step in steps)


def _retries(steps: Sequence[StepStats]) -> int:
    return sum(max(0, step.attempts - 1) for step in steps)


def _step_as_json(step: StepStats) -> dict[str, Any]:
    return {
        "step_key": step.step_key,
        "status": None if step.status is None else step.status.value,
        "started_at": iso(step.start_time),
        "ended_at": iso(step.end_time),
        "duration_seconds": _step_seconds(step),
        "attempts": step.attempts,
        "attempt_times": [
            {"started_at": iso(attempt.start_time), "ended_at": iso(attempt.end_time)}
            for attempt in step.attempts_list
        ],
    }


def _step_seconds(step: StepStats) -> float | None:
    if step.start_time is None or step.end_time is None:
        return None
    return max(0.0, step.end_time - step.start_time)


def _print_run(record: RunRecord, failure: str | None, plugins: PluginSet | None) -> None:
    run = record.run
    _print_field("run", run.run_id)
    click.echo(f"{'status':<{_LABEL}}{colored(run.status.value)}")
    _print_field("job", run.job_name)
    _print_field("created", date_and_clock(record.create_timestamp.timestamp()))
    _print_field("duration", run_duration(record) or "not started")
    for key, value in sorted(run.tags.items()):
        _print_field("tag", f"{key}={value}")
    if plugins is not None:
        versions = sorted(plugins.versions.items())
        _print_field("plugins", ", ".join(f"{name} {version}" for name, version in versions))
    if failure is not None:
        click.echo(f"{'failure':<{_LABEL}}{indent_after_first(failure, _LABEL)}")


def _print_field(label: str, value: str) -> None:
    click.echo(f"{label:<{_LABEL}}{escape_line(value)}")


def _print_stats(stats: RunStats, steps: Sequence[StepStats]) -> None:
    counts = {
        "succeeded": stats.steps_succeeded,
        "failed": stats.steps_failed,
        "skipped": _skipped(steps),
        "retried": _retries(steps),
    }
    if steps:
        shown = [f"{count} {what}" for what, count in counts.items() if count]
        _print_field("steps", f"{len(steps)}: {', '.join(shown)}" if shown else str(len(steps)))
    if stats.materializations:
        _print_field("assets", f"{stats.materializations} materialized")
    waited_since = stats.enqueued_time or stats.launch_time
    if waited_since is not None and stats.start_time is not None:
        _print_field("waited", duration(max(0.0, stats.start_time - waited_since)))


def _print_steps(steps: Sequence[StepStats], plan: ExecutionPlanSnapshot | None) -> None:
    if not steps:
        return
    click.echo()
    header = ("STEP", "STATUS", "DURATION", "ATTEMPTS")
    timeline = timeline_of(steps, time.time)
    if timeline is None:
        print_table(header, [_step_row(step) for step in steps])
        return
    title = f"0 … {duration(timeline.end - timeline.begin)}"
    print_table((*header, title), _rows_with_bars(steps, timeline, plan))


def _rows_with_bars(
    steps: Sequence[StepStats], timeline: Timeline, plan: ExecutionPlanSnapshot | None
) -> list[list[str]]:
    ready = ready_times(steps, plan, timeline.begin)
    return [
        [*_step_row(step), timeline.bar(step, ready_at)] for step, ready_at in zip(steps, ready, strict=True)
    ]


def _step_row(step: StepStats) -> list[str]:
    seconds = _step_seconds(step)
    return [
        step.step_key,
        "" if step.status is None else step.status.value,
        "" if seconds is None else duration(seconds),
        str(step.attempts),
    ]
