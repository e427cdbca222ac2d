"""Workspace: where the user's code is loaded from, and the processes that have loaded it.

Only records cross the border to such a process: what a job, a schedule or a sensor looks like, what it is asked, what it answers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from runrack.records.error_info import SerializableErrorInfo
from runrack.records.record import Record
from runrack.records.run import JobCodeOrigin, Run
from runrack.records.run_claim import RunClaim
from runrack.records.run_request import RunRequest
from runrack.records.snapshot import JobSnapshot
from runrack.records.tick import InstigatorStatus, InstigatorType

DEFAULT_TIMEOUT_SECONDS = 60.0
"""How long the user's code may take to answer one question."""


class JobInfo(Record, frozen=True):
    """What a job of a code location looks like.

    Attributes:
        name: What users call it.
        code_origin: Where its code lies: what a run of it carries.
        snapshot: What it is made of.
        tags: Labels of its runs.
        has_partitions: Whether a run makes one partition.
    """

    name: str
    code_origin: JobCodeOrigin
    snapshot: JobSnapshot
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    has_partitions: bool = False


class ScheduleInfo(Record, frozen=True, kw_only=True):
    """What a schedule of a code location looks like.

    Attributes:
        name: What users call it.
        job_name: The job that it runs.
        cron_schedule: Its cron expressions.
        execution_timezone: The time zone that they are read in; UTC when None.
        default_status: Whether it runs while nobody has said so.
        description: For people.
        catch_up: Which of the ticks that were missed are made up for: `none`, `latest`, or a number of them at most.
    """

    name: str
    job_name: str
    cron_schedule: tuple[str, ...]
    execution_timezone: str | None = None
    default_status: InstigatorStatus = InstigatorStatus.STOPPED
    description: str | None = None
    catch_up: str | int = "latest"


class SensorInfo(Record, frozen=True, kw_only=True):
    """What a sensor of a code location looks like.

    Attributes:
        name: What users call it.
        job_names: The jobs that it runs; none for one that only looks on.
        minimum_interval_seconds: How much time lies between two evaluations, at least.
        default_status: Whether it runs while nobody has said so.
        description: For people.
        is_of_run_status: Whether it is asked about runs that have changed their status.
    """

    name: str
    job_names: tuple[str, ...] = ()
    minimum_interval_seconds: float = 30.0
    default_status: InstigatorStatus = InstigatorStatus.STOPPED
    description: str | None = None
    is_of_run_status: bool = False


class LocationContents(Record, frozen=True):
    """What a code location holds, each kind sorted by name."""

    jobs: tuple[JobInfo, ...] = ()
    schedules: tuple[ScheduleInfo, ...] = ()
    sensors: tuple[SensorInfo, ...] = ()

    def find_job(self, name: str) -> JobInfo | None:
        """Return the job of this name, or None."""
        return next((job for job in self.jobs if job.name == name), None)


class TickRequest(Record, frozen=True, kw_only=True):
    """What a schedule or a sensor is asked.

    Attributes:
        instigator_type: Whether it is a schedule or a sensor.
        instigator_name: Its name.
        timestamp: When the tick was due, in seconds since 1970.
        cursor: The bookmark that the sensor left.
        last_run_key: The run key that it asked for last.
        last_tick_timestamp: When it was evaluated before.
        instance_ref: What its function needs to open the instance; without it, it gets none.
    """

    instigator_type: InstigatorType
    instigator_name: str
    timestamp: float
    cursor: str | None = None
    last_run_key: str | None = None
    last_tick_timestamp: float | None = None
    instance_ref: Mapping[str, Any] | None = None


class TickResult(Record, frozen=True, kw_only=True):
    """What a schedule or a sensor answered.

    Attributes:
        run_requests: The runs that it asks for.
        skip_reason: Why it asks for none, in its own words.
        cursor: Its new bookmark; None to keep the old one.
        error: What its code raised, or that it took too long; there are no runs then.
    """

    run_requests: tuple[RunRequest, ...] = ()
    skip_reason: str | None = None
    cursor: str | None = None
    error: SerializableErrorInfo | None = None


class StartRunRequest(Record, frozen=True, kw_only=True):
    """What a code location needs to start the worker of a run.

    Attributes:
        run_id: Which run.
        instance_ref: What opens the instance that it is stored in.
        claim: The claim on the run, which the worker takes over; None on an instance where runs are not claimed.
        lease_seconds: How long the worker's lease lasts each time.
        grace_seconds: How long a worker that was told to stop has before it is killed.
        resumes: Whether an earlier worker of the run died, and this one takes the run up.
    """

    run_id: str
    instance_ref: Mapping[str, Any]
    claim: RunClaim | None = None
    lease_seconds: float = 60.0
    grace_seconds: float = 10.0
    resumes: bool = False


class RunProcess(ABC):
    """The process of a run that was started from here."""

    @property
    @abstractmethod
    def pid(self) -> int:
        """Its id, which is also that of its process group."""

    @abstractmethod
    def is_over(self) -> bool:
        """Tell whether it has ended, and the end of its run, if it died, was reported."""

    @abstractmethod
    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for its end, and return whether it came in time."""

    @abstractmethod
    def close(self) -> None:
        """Stop watching it; it goes on. Harmless when repeated."""


class LocationState(StrEnum):
    """Whether the code of a location is loaded."""

    LOADED = "LOADED"
    ERROR = "ERROR"


class LocationInfo(Record, frozen=True):
    """How a code location is.

    Attributes:
        name: Its name.
        state: Whether its code is loaded.
        source: The file, module or package, as it was named.
        error: Why it is not loaded, in one message.
        loaded_at: When it was loaded, in seconds since 1970.
        pid: The process that has loaded it.
    """

    name: str
    state: LocationState
    source: str
    error: str | None = None
    loaded_at: float | None = None
    pid: int | None = None


class CodeLocation(ABC):
    """Code of the user's, loaded in a process of its own, which stays. It may be used from several threads.

    Each question is answered in a copy of that process, which ends with the answer: code that hangs or crashes ends nothing
    else, and what it remembers in variables is forgotten.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name in the workspace."""

    @abstractmethod
    def get_contents(self) -> LocationContents:
        """Return what the location holds.

        Raises:
            LocationUnavailableError: Its code cannot be loaded.
        """

    @abstractmethod
    def evaluate_tick(
        self, request: TickRequest, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> TickResult:
        """Ask a schedule or a sensor which runs it wants, and return its answer.

        - What its code raises, and that it has not answered in time, is the `error` of the answer.

        Raises:
            LocationUnavailableError: The location's code cannot be loaded, or its process died.
            NotFoundError: It holds no such schedule or sensor.
        """

    @abstractmethod
    def get_partition_keys(
        self,
        job_name: str,
        instance_ref: Mapping[str, Any] | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Sequence[str]:
        """Return the keys of a job's partitions, in their order; none for a job without.

        Raises:
            LocationUnavailableError: The location's code cannot be loaded, or did not answer in time.
            NotFoundError: It holds no such job.
        """

    @abstractmethod
    def start_run(self, request: StartRunRequest) -> RunProcess:
        """Start the worker of a run, and return its process.

        - The worker leads a process group of its own and outlives both the caller and the location.
        - When it dies, what it leaves undone is reported at once, with the reason.

        Raises:
            LocationUnavailableError: The location's code cannot be loaded.
            LaunchFailedError: No process can be started.
        """


class Workspace(ABC):
    """The code locations of an installation. It may be used from several threads."""

    @property
    @abstractmethod
    def location_names(self) -> Sequence[str]:
        """The names of the locations, in the order in which they are configured."""

    @abstractmethod
    def list_locations(self) -> Sequence[LocationInfo]:
        """Return how each location is, in the order in which they are configured; what is not loaded yet is loaded."""

    @abstractmethod
    def get_location(self, name: str) -> CodeLocation:
        """Return a location, loaded or not.

        Raises:
            NotFoundError: There is none of this name.
        """

    @abstractmethod
    def get_location_of(self, run: Run) -> CodeLocation:
        """Return the location that a run's code lies in: the one that it names.

        - In a workspace for which no location is configured, it is one made from the run's code pointer.

        Raises:
            LocationUnavailableError: The workspace has no such location; or none at all, and the run has no code pointer.
        """

    @abstractmethod
    def why_unavailable(self, run: Run) -> str | None:
        """Return why a run's code cannot be loaded now; None when it can. A run for which it cannot waits."""

    @abstractmethod
    def reload(self, name: str | None = None) -> None:
        """Load one location, or all, anew. Runs that are under way go on with the code that they began with.

        Raises:
            NotFoundError: There is none of this name.
        """

    @abstractmethod
    def refresh(self) -> Sequence[str]:
        """Reload the locations whose files have changed or whose process died, and return their names.

        What cannot be loaded is tried again when its files change, and after a while, which grows with each time.
        """

    @abstractmethod
    def close(self) -> None:
        """End the processes of the locations. Runs that are under way go on. Harmless when repeated."""
