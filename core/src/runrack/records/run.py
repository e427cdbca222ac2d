"""Run: one execution of a job, as it is stored."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.records import run_status
from runrack.records import tags as tag_names
from runrack.records.asset import check_tags
from runrack.records.asset_key import AssetKey
from runrack.records.record import Record
from runrack.records.run_status import RunStatus


class RunFailureReason(StrEnum):
    """Why a run ended in FAILURE; stored in the tag `runrack/failure_reason`."""

    STEP_FAILURE = "STEP_FAILURE"
    RUN_EXCEPTION = "RUN_EXCEPTION"
    JOB_INITIALIZATION_FAILURE = "JOB_INITIALIZATION_FAILURE"
    UNEXPECTED_TERMINATION = "UNEXPECTED_TERMINATION"
    RUN_WORKER_RESTART = "RUN_WORKER_RESTART"
    START_TIMEOUT = "START_TIMEOUT"
    UNKNOWN = "UNKNOWN"


class JobCodeOrigin(Record, frozen=True):
    """Where a job's code lies, so that another process can load it.

    Attributes:
        job_name: The job's name.
        attribute: The name that the job is bound to in its file or module.
        file: Absolute path of the Python file; given instead of `module`.
        module: Importable module; given instead of `file`.
        working_directory: Folder that goes on `sys.path` before loading.
        executable: The interpreter to load it with; None means the current one.
    """

    job_name: str
    attribute: str
    file: str | None = None
    module: str | None = None
    working_directory: str | None = None
    executable: str | None = None

    def __post_init__(self) -> None:
        if (self.file is None) == (self.module is None):
            raise InvalidArgumentError("a job's code origin names either a file or a module")


class RemoteJobOrigin(Record, frozen=True):
    """Which job of which code location a run belongs to."""

    location_name: str
    job_name: str


class Run(Record, frozen=True, kw_only=True, tag_field="record", tag="run/1"):
    """One execution of a job: asked for, queued, under way or done.

    Attributes:
        job_name: Which job.
        run_id: Unique id; a new UUID when none is given.
        run_config: The configuration that it runs with, as given: references to secrets unresolved.
        status: Where it stands.
        tags: Labels; keys that begin with `runrack/` are runrack's own.
        root_run_id, parent_run_id: The first run of a group of retries and the one before; both or none.
        step_keys_to_execute: Only these steps, when given.
        op_selection: The selection as the user wrote it.
        resolved_op_selection: The op names that it came down to.
        asset_selection: Only these assets, when given.
        job_snapshot_id, execution_plan_snapshot_id: Content addresses of what was run.
        remote_job_origin: Code location and job; a queued run needs it.
        job_code_origin: Where the code lies.
        plugin_set_id: With which plugins it was made: the id of a `PluginSet`.
    """

    job_name: str
    run_id: str = msgspec.field(default_factory=lambda: str(uuid4()))
    run_config: Mapping[str, Any] = msgspec.field(default_factory=dict)
    status: RunStatus = RunStatus.NOT_STARTED
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    root_run_id: str | None = None
    parent_run_id: str | None = None
    step_keys_to_execute: tuple[str, ...] | None = None
    op_selection: tuple[str, ...] | None = None
    resolved_op_selection: frozenset[str] | None = None
    asset_selection: frozenset[AssetKey] | None = None
    job_snapshot_id: str | None = None
    execution_plan_snapshot_id: str | None = None
    remote_job_origin: RemoteJobOrigin | None = None
    job_code_origin: JobCodeOrigin | None = None
    plugin_set_id: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.job_name, str) or not isinstance(self.run_id, str) or not self.run_id:
            raise InvalidArgumentError("a run's job_name and run_id are strings")
        if (self.root_run_id is None) != (self.parent_run_id is None):
            raise InvalidArgumentError(
                "root_run_id and parent_run_id of a run are given together or not at all"
            )
        if self.status is RunStatus.QUEUED and self.remote_job_origin is None:
            raise InvalidArgumentError(
                "a queued run needs a remote_job_origin: whoever launches it must find its code"
            )
        check_tags(self.tags)

    def with_status(self, status: RunStatus) -> "Run":
        """Return the run with another status."""
        return msgspec.structs.replace(self, status=status)

    def with_tags(self, tags: Mapping[str, str]) -> "Run":
        """Return the run with `tags` instead of its own."""
        return msgspec.structs.replace(self, tags=dict(tags))

    @property
    def is_finished(self) -> bool:
        """Whether nothing can follow: SUCCESS, FAILURE or CANCELED."""
        return self.status in run_status.FINISHED

    @property
    def is_success(self) -> bool:
        """Whether the status is SUCCESS."""
        return self.status is RunStatus.SUCCESS

    @property
    def is_failure(self) -> bool:
        """Whether the status is FAILURE."""
        return self.status is RunStatus.FAILURE

    @property
    def is_failure_or_canceled(self) -> bool:
        """Whether the status is FAILURE or CANCELED."""
        return self.status in {RunStatus.FAILURE, RunStatus.CANCELED}

    @property
    def is_cancelable(self) -> bool:
        """Whether a person may cancel it now: STARTED or QUEUED."""
        return self.status in run_status.CANCELABLE

    @property
    def is_resume_retry(self) -> bool:
        """Whether it takes up an earlier run where that one failed."""
        return self.tags.get(tag_names.IS_RESUME_RETRY) == "true"


class RunRecord(Record, frozen=True, kw_only=True):
    """A stored run and what the storage knows about it.

    Attributes:
        storage_id: Grows in the order in which runs were added.
        run: The run.
        create_timestamp, update_timestamp: Aware datetimes in UTC.
        start_time, end_time: When it started and ended, in seconds since 1970.
        epoch: Grows with each claim; only the holder of the current epoch may change the status.
        owner: Who holds the claim.
        lease_expires: Until when, unless it is renewed; aware, in UTC.
    """

    storage_id: int
    run: Run
    create_timestamp: datetime
    update_timestamp: datetime
    start_time: float | None = None
    end_time: float | None = None
    epoch: int = 0
    owner: str | None = None
    lease_expires: datetime | None = None


class RunPartitionData(Record, frozen=True, kw_only=True):
    """The newest run of a partition.

    Attributes:
        partition: Which partition: the tag `runrack/partition` of the run.
        run_id: The run.
        status: Where it stands.
        start_time, end_time: When it started and ended, in seconds since 1970.
    """

    partition: str
    run_id: str
    status: RunStatus
    start_time: float | None = None
    end_time: float | None = None
