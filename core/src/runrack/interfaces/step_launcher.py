"""StepLauncher: executes single steps somewhere else."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.interfaces.executor import RetryMode
from runrack.interfaces.part import InstanceServices
from runrack.records.event import Event
from runrack.records.known_state import KnownState
from runrack.records.plugin_set import PluginSet
from runrack.records.record import Record
from runrack.records.run import JobCodeOrigin, Run


class StepRunRef(Record, frozen=True, tag_field="record", tag="step_run_ref/1"):
    """Names one step of one run, so that another process can execute it.

    Attributes:
        run_config: The run's configuration, references to secrets unresolved.
        run: The run.
        step_key: Which step.
        retry_mode: Who retries it.
        job_code_origin: Where the job's code lies.
        instance_ref: What another process needs to open the instance, as plain data.
        known_state: The values that it needs, and how often it was tried before.
        plugin_set: The plugins of the run's process.
    """

    run_config: Mapping[str, Any]
    run: Run
    step_key: str
    retry_mode: RetryMode
    job_code_origin: JobCodeOrigin
    instance_ref: Mapping[str, Any]
    known_state: KnownState = KnownState()
    plugin_set: PluginSet | None = None

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.run_id

    @property
    def previous_attempts(self) -> int:
        """How often the step was tried before."""
        return self.known_state.attempts.get(self.step_key, 0)

    def to_json(self) -> bytes:
        """Return the reference as JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, text: bytes) -> "StepRunRef":
        """Return the reference whose `to_json` is `text`.

        Raises:
            InvalidArgumentError: It is no step reference.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError:
            raise InvalidArgumentError(
                "this is no step reference: pass what StepRunRef.to_json gave"
            ) from None


class StepExecutionContext(Protocol):
    """What is known of a step that is about to be executed."""

    @property
    def step_key(self) -> str:
        """Which step."""
        ...

    @property
    def run(self) -> Run:
        """The run that it belongs to."""
        ...

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run's configuration."""
        ...

    @property
    def instance(self) -> InstanceServices:
        """The instance that the run is stored in."""
        ...

    @property
    def retry_mode(self) -> RetryMode:
        """Who retries the step."""
        ...


class StepLauncher(ABC):
    """A resource that executes the steps of the ops that require it; one op requires one at the most."""

    @abstractmethod
    def launch_step(self, step_context: StepExecutionContext) -> Iterator[Event]:
        """Execute the step somewhere else and yield its events as they happen; they become the step's events.

        - The last one says how the step ended: STEP_SUCCESS, STEP_FAILURE or STEP_UP_FOR_RETRY.
        """
