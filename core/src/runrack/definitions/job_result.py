"""What an author gets back from running a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runrack.definitions.output import DEFAULT_OUTPUT
from runrack.errors import InvalidArgumentError
from runrack.records.event import Event
from runrack.records.event_type import EventType
from runrack.records.run import Run


@dataclass(frozen=True)
class JobExecutionResult:
    """A run that is over.

    Attributes:
        run: The run as it is stored.
        events: What happened in it, in order.
    """

    run: Run
    events: Sequence[Event] = ()

    @property
    def success(self) -> bool:
        """Whether the run ended in SUCCESS."""
        return self.run.is_success

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.run_id

    def events_of_type(self, event_type: EventType | str) -> list[Event]:
        """Return the events of one type, in order."""
        return [event for event in self.events if event.event_type == event_type]

    def events_for_node(self, name: str) -> list[Event]:
        """Return the events of one op, in order."""
        return [event for event in self.events if event.step_key == name]


@dataclass(frozen=True)
class ExecuteInProcessResult(JobExecutionResult):
    """A run that is over, with the values that its ops gave.

    Attributes:
        outputs: The values, by name of the op and of its output.
    """

    outputs: Mapping[tuple[str, str], Any] = field(default_factory=dict)

    def output_for_node(self, name: str, output_name: str = DEFAULT_OUTPUT) -> Any:
        """Return the value of an output of an op.

        Raises:
            InvalidArgumentError: The op gave no such output; the message lists those that were given.
        """
        if (name, output_name) not in self.outputs:
            given = ", ".join(f"{node}.{output}" for node, output in self.outputs) or "none"
            raise InvalidArgumentError(
                f"this run has no output {output_name!r} of an op {name!r}; it has: {given}"
            )
        return self.outputs[name, output_name]
