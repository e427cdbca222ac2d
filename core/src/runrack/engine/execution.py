"""Running jobs: in this process for a test, on an instance, or as the worker of a run that is stored already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runrack.definitions.asset import AssetOut
from runrack.definitions.executor import ExecutorDefinition
from runrack.definitions.in_process import InProcessRequest
from runrack.definitions.job_result import ExecuteInProcessResult, JobExecutionResult
from runrack.definitions.reconstructable import ReconstructableJob
from runrack.definitions.runnable_job import RunnableJob
from runrack.definitions.selection import Selection
from runrack.engine.event_writer import EventWriter
from runrack.engine.in_process_executor import InProcessExecutor
from runrack.engine.output_store import OutputStore
from runrack.engine.own_run import own_run
from runrack.engine.prepared_job import PreparedJob, prepare_job, prepare_reexecution
from runrack.engine.reexecution import (
    ReexecutionOptions,
    known_state_of,
    step_keys_of,
    what_is_left,
)
from runrack.engine.run_loop import INTERRUPTS, RunOutcome, run_to_end, write_start_failure
from runrack.errors import (
    ExecutionInterruptedError,
    InvalidArgumentError,
    InvariantViolationError,
    RunFailedError,
    UserCodeExecutionError,
)
from runrack.host.plugin_set import check_plugins
from runrack.interfaces.part import InstanceServices
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import EventType
from runrack.records.run import Run, RunFailureReason
from runrack.records.run_status import RunStatus

_READY = frozenset({RunStatus.NOT_STARTED, RunStatus.STARTING, RunStatus.MANAGED})


def execute_job(
    job: RunnableJob,
    instance: InstanceServices,
    run_config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    raise_on_error: bool = False,
    run_id: str | None = None,
    op_selection: Selection | None = None,
    reexecution_options: ReexecutionOptions | None = None,
) -> JobExecutionResult:
    """Run a job on an instance and return what came of it.

    Args:
        job: The job. An executor that uses other processes needs a `reconstructable(job)`.
        instance: Where the run is stored.
        run_config: The run configuration; what it leaves out is as the job's own says.
        tags: Labels of the run, besides the job's.
        raise_on_error: Raise what ended the run in failure.
        run_id: A UUID; a new one when left out.
        op_selection: Only these ops, as `runrack.definitions.selection` says.
        reexecution_options: Take up an earlier run of the job, whose configuration and tags are used again.

    Raises:
        ConfigError: The run configuration does not fit the job; no run is stored.
        InvalidArgumentError: An argument does not fit; no run is stored.
        PluginError: The executor that is named cannot be used; no run is stored.
        ExecutionInterruptedError: A signal ended the run.
        Exception: What ended the run in failure, with `raise_on_error`.
    """
    if reexecution_options is not None:
        if op_selection is not None:
            raise InvalidArgumentError(
                "a run that takes up another has the ops of that one: give a step_selection"
            )
        prepared = prepare_reexecution(job, instance, reexecution_options, run_config)
    else:
        prepared = prepare_job(job, instance, run_config, op_selection)
    return execute_prepared_job(prepared, instance, tags, run_id, raise_on_error=raise_on_error)


def execute_prepared_job(
    prepared: PreparedJob,
    instance: InstanceServices,
    tags: Mapping[str, str] | None = None,
    run_id: str | None = None,
    *,
    raise_on_error: bool = False,
) -> JobExecutionResult:
    """Run a prepared job on an instance and return what came of it. Arguments and errors as `execute_job`."""
    run = prepared.create_run(instance, tags, run_id)
    outcome = _run_own(prepared, run, instance, _outputs_on(instance))
    return _finish(run, instance, outcome, raise_on_error=raise_on_error)


def execute_in_process(request: InProcessRequest, instance: InstanceServices) -> ExecuteInProcessResult:
    """Run a job in this process, whatever its executor, and return what came of it with the values that its ops gave.

    Raises as `JobDefinition.execute_in_process`.
    """
    job = request.job.with_resources(request.resources) if request.resources else request.job
    executor_def = ExecutorDefinition("in_process", executor_creation_fn=lambda _: InProcessExecutor())
    prepared = prepare_job(job, instance, request.run_config, request.op_selection, executor_def)
    run = prepared.create_run(instance, request.tags)
    is_kept = any(
        isinstance(out, AssetOut) for node in job.nodes.values() for out in node.definition.outs.values()
    )
    outputs = _outputs_on(instance, keeps_values=True) if is_kept else OutputStore(keeps_values=True)
    outcome = _run_own(prepared, run, instance, outputs)
    result = _finish(run, instance, outcome, raise_on_error=request.raise_on_error)
    return ExecuteInProcessResult(result.run, result.events, outputs.values)


def execute_run(
    run: Run, instance: InstanceServices, epoch: int | None = None, *, resumes: bool = False
) -> Run:
    """Execute a stored run as its worker, in this process, and return it as stored afterwards.

    - A run that is canceled or finished is left alone, with an event that says so.
    - A run that is under way already has lost its worker: it ends in FAILURE, or goes on with `resumes`: the steps that
      have not succeeded are executed.
    - What keeps it from starting ends it in FAILURE, too.

    Args:
        run: The run; it says where its job's code lies.
        instance: Where it is stored.
        epoch: The worker's claim on the run; None where runs are not claimed.
        resumes: Whether an earlier worker of the run died, and this one takes the run up.

    Raises:
        ExecutionInterruptedError: A signal ended the run.
    """
    writer = EventWriter(instance, run, epoch=epoch)
    goes_on = resumes and run.status is RunStatus.STARTED
    if run.status not in _READY and not goes_on:
        _refuse(run, writer)
        return _stored(run, instance)
    try:
        check_plugins(run, instance, "The worker of the run")
        prepared = _prepare_run(run, instance, goes_on=goes_on)
    except Exception as error:  # noqa: BLE001 - the user's code is loaded here and raises what it likes
        write_start_failure(writer, error)
        return _stored(run, instance)
    outcome = run_to_end(prepared, run, instance, _outputs_on(instance), writer)
    return _finish(run, instance, outcome, raise_on_error=False).run


def _run_own(prepared: PreparedJob, run: Run, instance: InstanceServices, outputs: OutputStore) -> RunOutcome:
    """Execute a run that this process has just made, and return what came of it."""
    with own_run(run, instance) as epoch:
        return run_to_end(prepared, run, instance, outputs, EventWriter(instance, run, epoch=epoch))


def _outputs_on(instance: InstanceServices, *, keeps_values: bool = False) -> OutputStore:
    """Return where the values of a stored run go: with its run, to disk or into memory."""
    return OutputStore(None if instance.is_ephemeral else instance.registry, keeps_values=keeps_values)


def _prepare_run(run: Run, instance: InstanceServices, *, goes_on: bool) -> PreparedJob:
    if run.job_code_origin is None:
        raise InvariantViolationError(
            "the run does not say where its job's code lies: make it from reconstructable(job)"
        )
    job = ReconstructableJob(run.job_code_origin)
    if goes_on:
        keys, known = what_is_left(job.get_definition(), instance, run)
        prepared = prepare_job(job, instance, run.run_config, run.op_selection, step_keys=keys)
        return replace(prepared, known_state=known)
    step_keys = step_keys_of(job.get_definition(), instance, run)
    prepared = prepare_job(job, instance, run.run_config, run.op_selection, step_keys=step_keys)
    return replace(prepared, known_state=known_state_of(instance, run))


def _refuse(run: Run, writer: EventWriter) -> None:
    with writer.batch():
        message = f"A worker was started for a run that is {run.status}: nothing is executed."
        writer.write_event(writer.make_event(EventType.ENGINE_EVENT, None, message))
        if run.status is RunStatus.CANCELING:
            writer.write_event(writer.make_event(EventType.RUN_CANCELED, None, "The run was canceled."))
        elif run.status is RunStatus.STARTED:
            data = RunFailureData(RunFailureReason.RUN_WORKER_RESTART)
            message = "The run was under way when its worker was started again: what it had done is unknown."
            writer.write_event(writer.make_event(EventType.RUN_FAILURE, None, message, data))


def _finish(
    run: Run, instance: InstanceServices, outcome: RunOutcome, *, raise_on_error: bool
) -> JobExecutionResult:
    result = JobExecutionResult(_stored(run, instance), outcome.events)
    error = outcome.error
    if isinstance(error, INTERRUPTS):
        raise ExecutionInterruptedError(f"run {run.run_id} was interrupted") from error
    if not raise_on_error or result.success:
        return result
    if isinstance(error, UserCodeExecutionError):
        raise error.user_exception
    raise error or RunFailedError(
        f"run {run.run_id} of job {run.job_name!r} failed: `runrack events {run.run_id}` shows why"
    )


def _stored(run: Run, instance: InstanceServices) -> Run:
    return instance.get_settled_run(run.run_id) or run
