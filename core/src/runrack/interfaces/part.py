"""What is common to the parts that slide into an instance, and what they may ask of it."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from runrack.errors import InvariantViolationError
from runrack.records.asset_key import AssetKey
from runrack.records.event import Event, EventLogEntry, EventLogRecord
from runrack.records.event_data import EngineEventData
from runrack.records.event_type import EventType
from runrack.records.plugin_set import PluginSet
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin, Run
from runrack.records.run_claim import RunClaim
from runrack.records.snapshot import ExecutionPlanSnapshot, JobSnapshot

if TYPE_CHECKING:
    from runrack.interfaces.artifact_storage import ArtifactStorage
    from runrack.interfaces.compute_log_manager import ComputeLogManager
    from runrack.interfaces.event_log_storage import EventLogStorage
    from runrack.interfaces.run_launcher import RunLauncher
    from runrack.interfaces.run_storage import RunStorage
    from runrack.interfaces.storage import Storage
    from runrack.interfaces.workspace import Workspace


class HookCaller(Protocol):
    """Calls the hooks of `runrack.hookspecs`."""

    def call(self, hook: str, /, **arguments: Any) -> None:
        """Call every implementation of a hook with all of its arguments; what one raises goes no further."""
        ...


class PluginLoader(Protocol):
    """Gives plugins by name."""

    def load_plugin(self, slot: str, name: str) -> object:
        """Return the object that the plugin of this slot and name is."""
        ...


class InstanceReference(Protocol):
    """All that another process needs to open the same instance."""

    def to_dict(self) -> dict[str, Any]:
        """Return the reference as plain data that JSON can hold."""
        ...


class InstanceServices(Protocol):
    """What a part, or the engine, may ask of the instance that it belongs to."""

    @property
    def is_ephemeral(self) -> bool:
        """Whether nothing of the instance outlives it, so that no other process can open it."""
        ...

    @property
    def artifact_storage(self) -> ArtifactStorage:
        """Where things lie on this machine's disk."""
        ...

    @property
    def compute_log_manager(self) -> ComputeLogManager:
        """Captures what steps write to stdout and stderr."""
        ...

    @property
    def run_launcher(self) -> RunLauncher:
        """Starts runs, and stops them."""
        ...

    @property
    def hooks(self) -> HookCaller:
        """Calls the hooks of plugins."""
        ...

    @property
    def registry(self) -> PluginLoader:
        """The plugins that can be used."""
        ...

    @property
    def plugin_set(self) -> PluginSet | None:
        """The plugins that this process works with; None where no other process can open the instance."""
        ...

    def get_plugin_set(self, plugin_set_id: str) -> PluginSet | None:
        """Return the plugins that runs were made with, by the id that those runs hold; None when it is not known."""
        ...

    def get_settings(self, key: str) -> Mapping[str, Any]:
        """Return one of the settings beside the parts; empty when it is not configured."""
        ...

    @property
    def storage(self) -> Storage:
        """Runs, events and schedules together."""
        ...

    @property
    def run_storage(self) -> RunStorage:
        """Keeps runs, and hands out claims on them."""
        ...

    @property
    def event_log_storage(self) -> EventLogStorage:
        """Keeps events, and hands out concurrency slots."""
        ...

    def get_ref(self) -> InstanceReference:
        """Return what another process needs to open the same instance."""
        ...

    def create_run(
        self,
        *,
        job_name: str,
        run_id: str | None = None,
        run_config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        op_selection: Sequence[str] | None = None,
        resolved_op_selection: frozenset[str] | None = None,
        asset_selection: frozenset[AssetKey] | None = None,
        job_snapshot: JobSnapshot | None = None,
        execution_plan_snapshot: ExecutionPlanSnapshot | None = None,
        remote_job_origin: RemoteJobOrigin | None = None,
        job_code_origin: JobCodeOrigin | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        step_keys_to_execute: Sequence[str] | None = None,
    ) -> Run:
        """Store a new run with its snapshots, in status NOT_STARTED, and return it."""
        ...

    def get_run_by_id(self, run_id: str) -> Run | None:
        """Return the stored run, or None."""
        ...

    def get_settled_run(self, run_id: str) -> Run | None:
        """Return the stored run, or None, once all events that this process has written are stored."""
        ...

    def all_logs(
        self, run_id: str, of_type: EventType | Collection[EventType] | None = None
    ) -> Sequence[EventLogEntry]:
        """Return a run's whole log, oldest first; only events of these types when they are given."""
        ...

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of dynamic partitions in the order in which they were added."""
        ...

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether a dynamic partition with this key exists."""
        ...

    def get_latest_data_version_record(self, key: AssetKey) -> EventLogRecord | None:
        """Return what tells which data an asset holds; None when nothing does."""
        ...

    def submit_run(self, run_id: str, workspace: Workspace | None = None) -> Run:
        """Hand the run to the run coordinator and return it as stored afterwards."""
        ...

    def launch_run(self, run_id: str, workspace: Workspace | None = None) -> Run:
        """Hand the run to the run launcher and return it as stored afterwards."""
        ...

    def begin_launches(self, claims: Sequence[RunClaim]) -> Sequence[tuple[Run, RunClaim]]:
        """Store for claimed runs that they are starting, and return those that may be launched now."""
        ...

    def finish_launch(self, run: Run, claim: RunClaim, workspace: Workspace | None = None) -> None:
        """Hand a run that is starting to the run launcher."""
        ...

    def run_will_resume(self, run_id: str) -> bool:
        """Tell whether a new worker takes the run up when its worker dies."""
        ...

    def handle_new_events(
        self, entries: Sequence[EventLogEntry], *, epoch: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Store the entries and all that follows from them in one transaction."""
        ...

    def report_event(self, event: Event, run_id: str, log_level: int | str = "INFO") -> None:
        """Store one event of a run."""
        ...

    def report_engine_event(
        self,
        message: str,
        run: Run | None = None,
        engine_event_data: EngineEventData | None = None,
        cls: type | None = None,
        step_key: str | None = None,
        job_name: str | None = None,
        run_id: str | None = None,
    ) -> Event:
        """Store what the framework did or met, and return the event."""
        ...

    def report_run_canceling(self, run: Run, message: str | None = None) -> Event:
        """Say that the run is being canceled."""
        ...

    def report_run_canceled(self, run: Run, message: str | None = None) -> Event:
        """Say that the run was canceled."""
        ...


class InstancePart:
    """A part of an instance. It knows the instance weakly: a part never keeps its instance alive."""

    _instance_ref: weakref.ref[InstanceServices] | None = None

    def register_instance(self, instance: InstanceServices) -> None:
        """Tell the part which instance it belongs to.

        Raises:
            InvariantViolationError: It belongs to one already.
        """
        if self.has_instance:
            raise InvariantViolationError(f"this {type(self).__name__} belongs to an instance already")
        self._instance_ref = weakref.ref(instance)

    @property
    def has_instance(self) -> bool:
        """Whether the part belongs to an instance that still exists."""
        return self._instance_ref is not None and self._instance_ref() is not None

    @property
    def instance(self) -> InstanceServices:
        """The instance that the part belongs to.

        Raises:
            InvariantViolationError: It belongs to none, or to one that is gone.
        """
        instance = None if self._instance_ref is None else self._instance_ref()
        if instance is None:
            raise InvariantViolationError(
                f"this {type(self).__name__} belongs to no instance, or to one that is closed"
            )
        return instance

    def dispose(self) -> None:
        """Release what the part holds: connections, threads, temporary files. Harmless when repeated."""
