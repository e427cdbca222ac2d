"""StepLauncher: executes single steps somewhere else."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from runrack.interfaces.executor import RetryMode
from runrack.interfaces.part import InstanceServices
from runrack.records.event import Event
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
        previous_attempts: How often it was tried before.
    """

    run_config: Mapping[str, Any]
    run: Run
    step_key: str
    retry_mode: RetryMode
    job_code_origin: JobCodeOrigin
    previous_attempts: int = 0


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
        """Execute the step somewhere else and yield its events as they happen; they become the step's events."""
