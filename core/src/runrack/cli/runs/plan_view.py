"""What a run would do, as `runrack run --dry-run` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent
from typing import Any

import click

from runrack.cli.output.display import escape, escape_line
from runrack.cli.output.json_output import print_json
from runrack.cli.output.masking import masked
from runrack.cli.output.table import print_table
from runrack.cli.output.yaml_output import as_yaml
from runrack.definitions.run_config import fill_run_config, mapped_run_config
from runrack.engine.plan import JobStep
from runrack.engine.prepared_job import PreparedJob


def print_plan(prepared: PreparedJob, tags: Mapping[str, str], *, as_json: bool) -> None:
    """Print the steps of a prepared job, and its run configuration with defaults; references stay references.

    Args:
        prepared: The job.
        tags: Those that its run would have.
        as_json: For programs.
    """
    job = prepared.plan.job
    run_config = masked(
        fill_run_config(job, prepared.executor_def, mapped_run_config(job, prepared.run_config))
    )
    if as_json:
        print_json(
            {
                "job_name": job.name,
                "executor": prepared.executor_def.name,
                "tags": dict(tags),
                "run_config": run_config,
                "steps": [_step_as_json(prepared, step) for step in prepared.plan.steps],
            }
        )
        return
    steps = prepared.plan.steps
    count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
    click.echo(f"job {escape_line(job.name)}: {count}, executor {escape_line(prepared.executor_def.name)}")
    for key, value in sorted(tags.items()):
        click.echo(escape_line(f"tag {key}={value}"))
    click.echo()
    print_table(("STEP", "NEEDS", "RESOURCES"), [_row(prepared, step) for step in steps])
    shown = _without_empty(run_config)
    click.echo("\nrun configuration" if shown else "\nno run configuration")
    if shown:
        click.echo(indent(escape(as_yaml(shown)), "  "), nl=False)
    click.echo("\nNothing was run, and no run was stored.")


def _step_as_json(prepared: PreparedJob, step: JobStep) -> dict[str, Any]:
    return {
        "step_key": step.key,
        "op_name": step.node.definition.name,
        "needs": sorted(step.upstream_keys),
        "resources": prepared.plan.job.required_resources([step.node.name]),
        "tags": dict(step.tags),
    }


def _row(prepared: PreparedJob, step: JobStep) -> list[str]:
    resources = prepared.plan.job.required_resources([step.node.name])
    return [step.key, ", ".join(sorted(step.upstream_keys)), ", ".join(resources)]


def _without_empty(value: Any) -> Any:
    """Return the mapping without what says nothing: empty mappings and configuration that nobody asks for."""
    if not isinstance(value, dict):
        return value
    kept = {key: _without_empty(item) for key, item in value.items()}
    return {key: item for key, item in kept.items() if item not in (None, {})}
