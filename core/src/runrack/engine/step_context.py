"""StepContext: what is known of a step while it is executed in this process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from runrack.definitions.op import OpDefinition
from runrack.engine.event_writer import EventWriter
from runrack.engine.op_context import OpExecutionContext
from runrack.engine.plan import JobStep
from runrack.engine.run_context import RunContext
from runrack.engine.user_fact import UserFact, fact_event
from runrack.interfaces.executor import RetryMode
from runrack.interfaces.part import InstanceServices
from runrack.records.event import Event
from runrack.records.event_type import EventType
from runrack.records.metadata import MetadataEntry
from runrack.records.run import Run


class StepContext:
    """What is known of one attempt at a step.

    Attributes:
        run_context: What is known of the run.
        step: The step.
        hooks: What is called after it.
        given_outputs: The outputs that the op has given so far, by name and mapping key.
        output_metadata: What was said about outputs before they were given, by their name.
        output_values: The values of the outputs that were given, by name, where a hook may ask for them.
        retry_number: How often the step was tried before.

    Args:
        run_context: What is known of the run.
        step: The step.
    """

    def __init__(self, run_context: RunContext, step: JobStep) -> None:
        self.run_context = run_context
        self.step = step
        self.given_outputs: set[tuple[str, str | None]] = set()
        self.output_values: dict[str, Any] = {}
        self.retry_number = run_context.active.previous_attempts(step.key)
        self.hooks = run_context.plan.job.hooks_of(step.node)
        self.output_metadata: dict[str, dict[str, MetadataEntry]] = {}

    @property
    def step_key(self) -> str:
        """Which step."""
        return self.step.key

    @property
    def op_name(self) -> str:
        """The op's name in the job."""
        return self.step.node.name

    @property
    def definition(self) -> OpDefinition:
        """What the step does."""
        return self.step.node.definition

    @property
    def run(self) -> Run:
        """The run that it belongs to."""
        return self.run_context.run

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run configuration as it was given."""
        return self.run_context.run_config

    @property
    def instance(self) -> InstanceServices:
        """The instance that the run is stored in."""
        return self.run_context.instance

    @property
    def retry_mode(self) -> RetryMode:
        """Who retries the step."""
        return self.run_context.retry_mode

    @property
    def writer(self) -> EventWriter:
        """Where its events go."""
        return self.run_context.writer

    @cached_property
    def op_context(self) -> OpExecutionContext:
        """What the op's function gets."""
        definition = self.definition
        return OpExecutionContext(
            op_config=self.run_context.config.ops.get(self.op_name),
            resources=self.run_context.resources.scoped(
                f"op {self.op_name!r}", definition.required_resource_keys
            ),
            log=self.run_context.logs.make_log(self.step_key),
            run=self.run,
            step_key=self.step_key,
            op_name=self.op_name,
            retry_number=self.retry_number,
            mapping_key=self.step.mapping_key,
            _instance=self.instance,
            _output_names=frozenset(definition.outs),
            _log_fact=self._store_fact,
            _output_metadata=self.output_metadata,
        )

    def event(self, event_type: EventType, message: str, payload: object = None) -> Event:
        """Return an event of the step."""
        return self.writer.make_event(event_type, self.step_key, message, payload)

    def fact_event(self, fact: UserFact) -> Event:
        """Return the event that says what the op said."""
        return fact_event(self.writer, self.step_key, fact)

    def _store_fact(self, fact: UserFact) -> None:
        self.writer.write_event(self.fact_event(fact))
        self.writer.flush()
