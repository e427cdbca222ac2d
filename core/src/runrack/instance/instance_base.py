"""What the groups of methods of an instance build on: its parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from runrack.host.hooks import PluginHooks
from runrack.instance.parts import Parts
from runrack.instance.plugin_sets import PluginSetStore
from runrack.interfaces.artifact_storage import ArtifactStorage
from runrack.interfaces.compute_log_manager import ComputeLogManager
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.run_coordinator import RunCoordinator
from runrack.interfaces.run_launcher import RunLauncher
from runrack.interfaces.run_storage import RunStorage
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.scheduler import Scheduler
from runrack.interfaces.storage import Storage
from runrack.interfaces.workspace import Workspace
from runrack.records.plugin_set import PluginSet


class InstanceBase(ABC):
    """Gives the parts of an instance; each is created when it is first asked for."""

    _parts: Parts
    _hooks: PluginHooks
    _plugin_sets: PluginSetStore

    @abstractmethod
    def get_settings(self, key: str) -> Mapping[str, Any]:
        """Return one of the settings beside the parts; empty when it is not configured."""

    @property
    @abstractmethod
    def plugin_set(self) -> PluginSet | None:
        """The plugins that this process works with; None where no other process can open the instance."""

    @property
    @abstractmethod
    def workspace(self) -> Workspace:
        """Where the user's code is loaded from: `workspace` of `runrack.yaml`, or else the code pointers of runs."""

    @property
    def storage(self) -> Storage:
        """Runs, events and schedules together: where every change goes."""
        return self._parts.get("storage", Storage)

    @property
    def run_storage(self) -> RunStorage:
        """The storage of runs."""
        return self.storage.run_storage

    @property
    def event_log_storage(self) -> EventLogStorage:
        """The storage of events."""
        return self.storage.event_log_storage

    @property
    def schedule_storage(self) -> ScheduleStorage:
        """The storage of schedules."""
        return self.storage.schedule_storage

    @property
    def compute_log_manager(self) -> ComputeLogManager:
        """Where captured output is kept."""
        return self._parts.get("compute_log_manager", ComputeLogManager)

    @property
    def artifact_storage(self) -> ArtifactStorage:
        """The instance's own folders."""
        return self._parts.get("artifact_storage", ArtifactStorage)

    @property
    def run_coordinator(self) -> RunCoordinator:
        """Who decides when a submitted run is launched."""
        return self._parts.get("run_coordinator", RunCoordinator)

    @property
    def run_launcher(self) -> RunLauncher:
        """Who starts runs."""
        return self._parts.get("run_launcher", RunLauncher)

    @property
    def scheduler(self) -> Scheduler | None:
        """Who keeps track of schedules; None when the instance has no scheduler."""
        return self._parts.find("scheduler", Scheduler)

    @property
    def hooks(self) -> PluginHooks:
        """The hooks of plugins."""
        return self._hooks
