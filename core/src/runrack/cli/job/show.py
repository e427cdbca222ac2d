"""`runrack job show`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from runrack.cli.job.choice import load_chosen_job
from runrack.cli.open_instance import open_instance
from runrack.cli.open_workspace import WorkspaceOpener, workspace_option
from runrack.cli.output.display import escape, escape_line
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.table import print_table
from runrack.definitions.composition import OpNode
from runrack.definitions.invoked_output import InputSource, outputs_of
from runrack.definitions.job import JobDefinition
from runrack.definitions.output import DEFAULT_OUTPUT
from runrack.definitions.value_type import type_name


@click.command
@click.argument("target", metavar="FILE|MODULE|LOCATION[:JOB]")
@workspace_option
@json_option
def command(target: str, workspace_file: Path | None, as_json: bool) -> None:
    """Show the steps of a job, what connects them, and its resources."""
    with WorkspaceOpener(open_instance, workspace_file) as opener:
        job = load_chosen_job(opener, target).job.get_definition()
    if as_json:
        print_json(_as_json(job))
    else:
        _print(job)


def _as_json(job: JobDefinition) -> dict[str, Any]:
    return {
        "name": job.name,
        "description": job.description,
        "tags": dict(job.tags),
        "executor": None if job.executor_def is None else job.executor_def.name,
        "has_partitions": job.partitions_def is not None,
        "steps": [_step_as_json(job, node) for node in job.nodes.values()],
        "resources": [
            {"key": key, "description": resource.description} for key, resource in job.resource_defs.items()
        ],
    }


def _step_as_json(job: JobDefinition, node: OpNode) -> dict[str, Any]:
    definition = node.definition
    return {
        "name": node.name,
        "op_name": definition.name,
        "description": definition.description,
        "inputs": {
            name: {"type": type_name(declared.type), "from": _sources(node.inputs, name)}
            for name, declared in definition.ins.items()
        },
        "outputs": {
            name: {"type": type_name(declared.type), "is_dynamic": declared.is_dynamic}
            for name, declared in definition.outs.items()
        },
        "resources": job.required_resources([node.name]),
        "tags": dict(definition.tags),
    }


def _sources(inputs: Mapping[str, InputSource], name: str) -> list[str]:
    """Return the outputs that feed an input: `op`, or `op.output` where it is not the only one."""
    if name not in inputs:
        return []
    return [
        output.node_name
        if output.output_name == DEFAULT_OUTPUT
        else f"{output.node_name}.{output.output_name}"
        for output in outputs_of(inputs[name])
    ]


def _print(job: JobDefinition) -> None:
    click.echo(f"job {escape_line(job.name)}")
    if job.description:
        click.echo(escape(job.description.strip()))
    for key, value in sorted(job.tags.items()):
        click.echo(escape_line(f"tag {key}={value}"))
    click.echo()
    header = ("STEP", "INPUTS", "OUTPUTS", "RESOURCES")
    print_table(header, [_step_row(job, node) for node in job.nodes.values()])
    if job.resource_defs:
        click.echo()
        rows = [
            [key, (resource.description or "").strip().partition("\n")[0]]
            for key, resource in job.resource_defs.items()
        ]
        print_table(("RESOURCE", "DESCRIPTION"), rows)


def _step_row(job: JobDefinition, node: OpNode) -> list[str]:
    inputs = []
    for name in node.definition.ins:
        sources = ", ".join(_sources(node.inputs, name))
        inputs.append(f"{name} ← {sources}" if sources else name)
    outputs = [
        f"{name}: {type_name(declared.type)}" + ("…" if declared.is_dynamic else "")
        for name, declared in node.definition.outs.items()
    ]
    return [node.name, "; ".join(inputs), ", ".join(outputs), ", ".join(job.required_resources([node.name]))]
