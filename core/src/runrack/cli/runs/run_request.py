"""What `runrack run` is asked to run, and how that becomes a prepared job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import click

from runrack.cli.job.choice import job_of_code, load_chosen_job
from runrack.cli.open_workspace import WorkspaceOpener
from runrack.cli.runs.run_configuration import RunConfiguration
from runrack.cli.runs.run_reference import find_run
from runrack.definitions.job_target import load_asset_target
from runrack.definitions.reconstructable import ReconstructableJob
from runrack.definitions.run_config import executor_name
from runrack.definitions.runnable_job import RunnableJob
from runrack.engine.prepared_job import PreparedJob, prepare_job, prepare_reexecution
from runrack.engine.reexecution import ReexecutionOptions
from runrack.errors import InvalidArgumentError
from runrack.instance.instance import Instance
from runrack.records.run import RemoteJobOrigin, Run
from runrack.records.tags import PARTITION


class PreparedRequest(NamedTuple):
    """What is going to be run.

    Attributes:
        job: The job.
        origin: Under which name a workspace has it.
    """

    job: PreparedJob
    origin: RemoteJobOrigin


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What is to be run, as it was typed.

    Attributes:
        target: The file, module or location with the job; None where an earlier run says where its code lies.
        configuration: The run configuration that is given.
        steps: Which ops, or which steps of an earlier run.
        assets: Which assets of the file or module, instead of a job.
        executor: The executor plugin, whatever the configuration names.
        reexecute: The earlier run to take up, from its beginning or with `steps`.
        from_failure: The earlier run to take up where it failed.
    """

    target: str | None
    configuration: RunConfiguration
    steps: str | None = None
    assets: str | None = None
    executor: str | None = None
    reexecute: str | None = None
    from_failure: str | None = None

    def __post_init__(self) -> None:
        if self.reexecute is not None and self.from_failure is not None:
            raise click.UsageError("--reexecute and --from-failure each name the run to take up: give one.")
        if self.steps is not None and self.from_failure is not None:
            raise click.UsageError(
                "--from-failure executes what has not succeeded: with --steps, give --reexecute."
            )
        if self.assets is not None and self.steps is not None:
            raise click.UsageError("--asset says which assets are made: leave out --steps.")
        if self.target is None and (self.earlier_run is None or self.assets is not None):
            raise click.UsageError("Missing argument 'FILE|MODULE[:JOB]'.")

    @property
    def earlier_run(self) -> str | None:
        """The run to take up, if any."""
        return self.reexecute if self.from_failure is None else self.from_failure

    def prepare(self, instance: Instance, open_workspace: WorkspaceOpener) -> PreparedRequest:
        """Return the job, prepared to be run.

        Args:
            instance: What it runs on.
            open_workspace: Where `target` is looked for.

        Raises:
            RunrackError: What is asked for does not exist, or does not fit.
        """
        earlier = None if self.earlier_run is None else find_run(instance, self.earlier_run).run
        job, origin = self._find_job(open_workspace, earlier)
        run_config = self._run_config(job, earlier)
        document = self.configuration.document
        if earlier is None:
            prepared = prepare_job(job, instance, run_config, self.steps, document=document)
            return PreparedRequest(prepared, origin)
        options = ReexecutionOptions(
            earlier.run_id, self.steps, is_from_failure=self.from_failure is not None
        )
        return PreparedRequest(prepare_reexecution(job, instance, options, run_config, document), origin)

    def _find_job(
        self, open_workspace: WorkspaceOpener, earlier: Run | None
    ) -> tuple[RunnableJob, RemoteJobOrigin]:
        if self.target is None:
            return _job_of(earlier)
        if self.assets is None:
            chosen = load_chosen_job(open_workspace, self.target)
        elif open_workspace.is_named:
            raise click.UsageError("--asset chooses from a file or module: leave out -w.")
        else:
            chosen = job_of_code(load_asset_target(self.target, self.assets))
        return chosen.job, chosen.origin

    def _run_config(self, job: RunnableJob, earlier: Run | None) -> Mapping[str, Any] | None:
        """Return the run configuration with the executor that was chosen; None for that of the job or the earlier run."""
        given = self.configuration.value
        if self.executor is None:
            return given
        definition = job.get_definition()
        if definition.config_mapping is not None:
            raise InvalidArgumentError(
                f"job {definition.name!r} makes its run configuration by a ConfigMapping, so that chooses the executor:"
                " leave out --executor"
            )
        if given is None:
            given = definition.run_config if earlier is None else earlier.run_config
        return _with_executor(given, self.executor)


def tags_with_partition(
    job_name: str, tags: Mapping[str, str], partition: str | None, *, has_any: bool
) -> dict[str, str]:
    """Return the tags of a run that is to make a partition.

    Args:
        job_name: The job.
        tags: The other tags.
        partition: Which one; None for a run that makes none.
        has_any: Whether the job has partitions.

    Raises:
        InvalidArgumentError: The job has no partitions.
    """
    if partition is None:
        return dict(tags)
    if not has_any:
        raise InvalidArgumentError(f"job {job_name!r} has no partitions: leave out --partition")
    return {**tags, PARTITION: partition}


def _job_of(earlier: Run | None) -> tuple[RunnableJob, RemoteJobOrigin]:
    if earlier is None or earlier.job_code_origin is None:
        raise InvalidArgumentError(
            "the earlier run does not say where its job's code lies: name the job, as in `runrack run FILE:JOB`"
        )
    chosen = job_of_code(ReconstructableJob(earlier.job_code_origin))
    return chosen.job, earlier.remote_job_origin or chosen.origin


def _with_executor(run_config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the run configuration with another executor; what was meant for that of another name is left out."""
    execution = run_config.get("execution", {})
    if not isinstance(execution, Mapping):
        return run_config
    is_meant_for_another = executor_name(run_config) not in {None, name}
    kept = {} if is_meant_for_another else execution
    return {**run_config, "execution": {**kept, "executor": name}}
