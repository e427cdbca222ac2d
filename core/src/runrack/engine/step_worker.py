"""StepWorker: executes steps of a run in another process than the run's own."""

from __future__ import annotations

import importlib
import logging
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol, cast

from runrack.definitions.reconstructable import ReconstructableJob
from runrack.definitions.user_stack import user_error_info
from runrack.engine.active_execution import ActiveExecution
from runrack.engine.event_writer import EventWriter
from runrack.engine.interrupt import raising_interrupts, shielded
from runrack.engine.output_store import DEFAULT_IO_MANAGER, OutputStore
from runrack.engine.plan import JobPlan
from runrack.engine.prepared_job import prepare_steps
from runrack.engine.python_logs import SETTING, PythonLogs
from runrack.engine.resource_set import ResourceSet
from runrack.engine.run_context import RunContext
from runrack.engine.step_channel import RemoteLog
from runrack.engine.step_execution import attempt_step
from runrack.errors import PluginError
from runrack.host.plugin_set import find_step_difference
from runrack.interfaces.part import InstanceServices
from runrack.interfaces.step_launcher import StepRunRef
from runrack.records.event_data import StepFailureData
from runrack.records.event_type import EventType
from runrack.records.plugin_set import PluginSet

INSTANCE_OPENER = ("runrack.instance.worker", "open_for_worker")
"""Module and name of the function that opens an instance. It lies on a floor above this one (decision 0006)."""


class InstanceOpener(Protocol):
    """Opens instances in a worker."""

    def __call__(self, instance_ref: Mapping[str, Any]) -> InstanceServices:
        """Open the instance that a reference describes."""
        ...


class StepWorker:
    """Executes steps of one run. The job is loaded and its configuration resolved once; each step may be another process's.

    Args:
        ref: Any step of the run.

    Raises:
        LoadError: The job's code cannot be loaded.
        ConfigError: The run configuration does not fit the job any more.
        RunrackError: The instance cannot be opened.
    """

    def __init__(self, ref: StepRunRef) -> None:
        module, name = INSTANCE_OPENER
        opener = cast("InstanceOpener", getattr(importlib.import_module(module), name))
        self._instance = opener(ref.instance_ref)
        job = ReconstructableJob(ref.job_code_origin)
        self._plan, self._config = prepare_steps(job, ref.run_config, ref.run.op_selection)
        with suppress(PluginError):  # told where it is used
            self._instance.registry.load_plugin("io_manager", DEFAULT_IO_MANAGER)

    def execute(self, ref: StepRunRef, channel: socket.socket, *, launches_steps: bool = True) -> None:
        """Execute a step. All that happens goes through the channel, also what keeps the step from being executed.

        SIGINT and SIGTERM end it, after its resources are torn down.

        Args:
            ref: The step.
            channel: The way to the run's process.
            launches_steps: Whether a step whose op requires a StepLauncher is handed on to it.

        Raises:
            ExecutionInterruptedError: A signal ended the step, or the run's process is gone.
        """
        log = RemoteLog(channel)
        writer = EventWriter(log, ref.run, keeps_events=False)
        with raising_interrupts(), PythonLogs(self._instance.get_settings(SETTING), writer) as logs:
            context = self._make_context(ref, writer, logs, launches_steps=launches_steps)
            try:
                self._execute(context, ref.step_key, ref.plugin_set)
            finally:
                with shielded():
                    for event in context.resources.tear_down():
                        writer.write_event(event)
                    writer.flush()
        log.finish()

    def _execute(self, context: RunContext, step_key: str, given: PluginSet | None) -> None:
        try:
            self._compare_plugins(context, step_key, given)
            for event in attempt_step(context, context.plan.get_step(step_key)):
                context.active.note(event)
                context.writer.write_event(event)
        except Exception as error:  # noqa: BLE001 - what keeps this process from executing the step fails the step
            write_step_failure(context.writer, step_key, error)

    def _compare_plugins(self, context: RunContext, step_key: str, given: PluginSet | None) -> None:
        difference = find_step_difference(given, self._instance)
        if difference is not None:
            context.writer.write_message(difference, logging.WARNING, step_key, None, time.time())

    def _make_context(
        self, ref: StepRunRef, writer: EventWriter, logs: PythonLogs, *, launches_steps: bool
    ) -> RunContext:
        step = self._plan.get_step(ref.step_key)
        plan = JobPlan(self._plan.job, (step,), is_partial=True)
        resources = ResourceSet(
            plan.job.resource_defs,
            plan.resource_keys,
            self._config.resources,
            ref.run,
            self._instance,
            logs.make_log(),
            writer,
        )
        return RunContext(
            ref.run,
            self._instance,
            plan,
            self._config,
            writer,
            OutputStore(self._instance.registry),
            resources,
            logs,
            ref.retry_mode,
            ActiveExecution(plan, ref.run_id, ref.known_state),
            launches_steps=launches_steps,
        )


def write_step_failure(writer: EventWriter, step_key: str, error: BaseException) -> None:
    """Write that a step failed before it came to anything."""
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    message = f"Step {step_key!r} could not be executed. {text}"
    writer.write_event(
        writer.make_event(EventType.STEP_FAILURE, step_key, message, StepFailureData(user_error_info(error)))
    )


def report_step_failure(ref: StepRunRef, channel: socket.socket, error: BaseException) -> None:
    """Report that a step cannot be executed in this process, for want of a `StepWorker`."""
    log = RemoteLog(channel)
    write_step_failure(EventWriter(log, ref.run, keeps_events=False), ref.step_key, error)
    log.finish()
