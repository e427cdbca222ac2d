"""The run configuration of a job as a schema, for the commands that show it."""

from __future__ import annotations

from typing import cast

import click

from runrack.cli.installed_plugins import installed_plugins
from runrack.config.vocabulary import Enum, Field, Shape
from runrack.definitions.configured import ConfigContract
from runrack.definitions.executor_plugin import load_executor
from runrack.definitions.job import JobDefinition
from runrack.definitions.run_config import DEFAULT_EXECUTOR, run_config_schema
from runrack.errors import InvalidArgumentError

executor_option = click.option(
    "--executor", metavar="NAME", help="Under this executor, instead of the job's or the default one."
)
"""The option of the commands whose output depends on the executor."""


def given_config_field(job: JobDefinition, executor: str | None) -> Field:
    """Return the schema of what a run of the job is given: its run configuration, or what its ConfigMapping takes.

    Args:
        job: The job.
        executor: The executor plugin that the configuration has to name; the job's or the default one when left out.

    Raises:
        PluginError: The executor cannot be used.
        InvalidArgumentError: An executor is named, but the ConfigMapping of the job chooses it.
    """
    if job.config_mapping is not None:
        if executor is not None:
            raise InvalidArgumentError(
                f"the ConfigMapping of job {job.name!r} chooses the executor: leave out --executor"
            )
        return ConfigContract.from_schema(job.config_mapping.config_schema).field
    return Field(_with_executor_names(job, executor))


def _with_executor_names(job: JobDefinition, executor: str | None) -> Shape:
    """Return the schema of the run configuration, in which only the one executor can be named that it is for."""
    if executor is None and job.executor_def is not None:
        return run_config_schema(job, job.executor_def)
    found = load_executor(installed_plugins(), executor or DEFAULT_EXECUTOR)
    schema = run_config_schema(job, found)
    names = Enum("executor", [executor or DEFAULT_EXECUTOR])
    named = Field(names) if executor is not None else Field(names, default_value=DEFAULT_EXECUTOR)
    execution = cast("Shape", schema.fields["execution"].config_type)
    return Shape({**schema.fields, "execution": Field(Shape({**execution.fields, "executor": named}))})
