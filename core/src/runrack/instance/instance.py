"""Instance: holds the parts and gives them one face."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from typing_extensions import override

from runrack.errors import InvalidArgumentError, InvariantViolationError
from runrack.host.configurable import ConfigurableClass
from runrack.host.hooks import PluginHooks
from runrack.host.plugin_set import make_plugin_set
from runrack.host.policy import PluginPolicy
from runrack.host.registry import PluginRegistry
from runrack.host.slots import get_slot
from runrack.instance.asset_methods import AssetMethods
from runrack.instance.composite_storage import CompositeStorage
from runrack.instance.configuration import CONFIG_FILE, load_configuration
from runrack.instance.daemon_settings import MonitoringSettings, RetrySettings
from runrack.instance.home import HOME_VARIABLE, find_home
from runrack.instance.instance_ref import REF_FIELD_OF_SLOT, InstanceRef
from runrack.instance.launch_methods import LaunchMethods
from runrack.instance.part_factories import ephemeral_factories, factories_from_ref, given_parts
from runrack.instance.parts import Factories, Parts
from runrack.instance.plugin_sets import PluginSetStore
from runrack.instance.schedule_methods import ScheduleMethods
from runrack.interfaces.artifact_storage import ArtifactStorage
from runrack.interfaces.compute_log_manager import ComputeLogManager
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.part import InstancePart
from runrack.interfaces.run_coordinator import RunCoordinator
from runrack.interfaces.run_launcher import RunLauncher
from runrack.interfaces.run_storage import RunStorage
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.scheduler import Scheduler
from runrack.interfaces.storage import Storage
from runrack.interfaces.workspace import Workspace
from runrack.records.debug_payload import DebugRunPayload
from runrack.records.plugin_set import PluginSet

_logger = logging.getLogger("runrack")


class InstanceType(StrEnum):
    """Whether what an instance keeps outlives it."""

    PERSISTENT = "PERSISTENT"
    EPHEMERAL = "EPHEMERAL"


class Instance(LaunchMethods, ScheduleMethods, AssetMethods):
    """One installation of runrack: where it stores, how it queues, what it launches.

    Open one with `Instance.get()`, `Instance.ephemeral()` or `Instance.local_temp()`, best in a `with` statement, which
    closes it. Parts are created when they are first used; an instance may be used from several threads.

    Args:
        instance_type: Whether what it keeps outlives it.
        local_artifact_storage: Its own folders.
        run_storage: The storage of runs; given with `event_storage` instead of `storage`.
        event_storage: The storage of events.
        run_coordinator: Who decides when a submitted run is launched.
        compute_log_manager: Where captured output is kept.
        run_launcher: Who starts runs.
        scheduler: Who keeps track of schedules.
        schedule_storage: The storage of schedules, beside separate ones of runs and events.
        settings: What is configured beside the parts.
        ref: The parts as data: every part that is not given is created from it when it is first used.
        storage: The combined storage.
        registry: The plugins; those installed, under the policy in `settings`, when left out.
        factories: What creates each part that is not given; made from `ref` when left out.
        cleanup: What is to be done after the parts were closed.

    Raises:
        InvalidArgumentError: Neither storages nor a reference are given, or both combined and separate storages are.
    """

    def __init__(
        self,
        instance_type: InstanceType = InstanceType.PERSISTENT,
        local_artifact_storage: ArtifactStorage | None = None,
        run_storage: RunStorage | None = None,
        event_storage: EventLogStorage | None = None,
        run_coordinator: RunCoordinator | None = None,
        compute_log_manager: ComputeLogManager | None = None,
        run_launcher: RunLauncher | None = None,
        scheduler: Scheduler | None = None,
        schedule_storage: ScheduleStorage | None = None,
        settings: Mapping[str, Any] | None = None,
        ref: InstanceRef | None = None,
        *,
        storage: Storage | None = None,
        registry: PluginRegistry | None = None,
        factories: Factories | None = None,
        cleanup: ExitStack | None = None,
    ) -> None:
        if storage is not None and any((run_storage, event_storage, schedule_storage)):
            raise InvalidArgumentError("give an instance a storage, or separate storages, not both")
        if storage is None and run_storage is not None and event_storage is not None:
            storage = CompositeStorage(run_storage, event_storage, schedule_storage)
        if storage is None and ref is None and factories is None:
            raise InvalidArgumentError("an instance needs a storage, or a run_storage and an event_storage")
        given: dict[str, InstancePart | None] = {
            "storage": storage,
            "artifact_storage": local_artifact_storage,
            "run_coordinator": run_coordinator,
            "compute_log_manager": compute_log_manager,
            "run_launcher": run_launcher,
            "scheduler": scheduler,
        }
        self._instance_type = instance_type
        self._settings = dict(settings if settings is not None else {} if ref is None else ref.settings)
        self._ref = ref
        self._registry = registry or PluginRegistry(
            policy=PluginPolicy.from_config(self._settings.get("plugins"))
        )
        if factories is None:
            factories = {} if ref is None else factories_from_ref(ref, self._registry)
        self._parts = Parts(self, {**factories, **given_parts(given)})
        self._cleanup = cleanup or ExitStack()
        self._listeners = {}
        self._home = Path(ref.base_dir) if ref is not None and self.is_persistent else None
        self._workspace: Workspace | None = None
        self._workspace_lock = threading.Lock()
        self._intake_lock = threading.RLock()
        self._open_intake = None
        self._plugin_sets = PluginSetStore()
        self._hooks = PluginHooks(self._registry)
        self._hooks.call("instance_opened", instance=self)
        self._adopt_events()

    @classmethod
    def get(cls) -> Instance:
        """Open the instance of the runrack home: `$RUNRACK_HOME`, or `~/.runrack`, which is made when it is missing.

        - Its `runrack.yaml` is read and checked; no part is created yet. Without the file every part is the default one.

        Raises:
            HomeError: The home cannot be used.
            ConfigError: The file does not satisfy its schema; the message is one screen.
            PluginError: It names a plugin that is not installed or may not be used.
        """
        home = find_home()
        if os.environ.get(HOME_VARIABLE) and not (home / CONFIG_FILE).exists():
            _logger.info(
                "there is no %s in the runrack home %s: every part is the default one", CONFIG_FILE, home
            )
        return cls.from_config(home)

    @classmethod
    def from_config(
        cls,
        config_dir: str | Path,
        config_filename: str = CONFIG_FILE,
        overrides: Mapping[str, Any] | None = None,
    ) -> Instance:
        """Open the instance that the file in a folder describes. Raises as `get`."""
        folder = Path(config_dir)
        if not folder.is_dir():
            raise InvalidArgumentError(f"config_dir is a folder that exists, not {folder}")
        configuration = load_configuration(folder / config_filename, overrides)
        registry = configuration.make_registry()
        ref = InstanceRef.from_configuration(configuration, folder, registry)
        factories = factories_from_ref(ref, registry, configuration)
        return _class_of(cls, ref, registry)(ref=ref, registry=registry, factories=factories)

    @classmethod
    def from_ref(cls, ref: InstanceRef) -> Instance:
        """Open the instance that a reference describes, in this process.

        Raises:
            PluginError: The reference names an instance class that cannot be loaded.
        """
        registry = PluginRegistry(policy=PluginPolicy.from_config(ref.settings.get("plugins")))
        return _class_of(cls, ref, registry)(ref=ref, registry=registry)

    @classmethod
    def ephemeral(
        cls,
        tempdir: str | Path | None = None,
        preload: Sequence[DebugRunPayload] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Instance:
        """Open an instance that keeps everything in memory and leaves nothing behind.

        Args:
            tempdir: Folder for artifacts; a temporary one, removed at the end, when left out.
            preload: Runs with their events, to be looked at.
            settings: What `get_settings` gives.
        """
        registry = PluginRegistry()
        cleanup = ExitStack()

        def base_dir() -> str:
            return str(tempdir) if tempdir is not None else cleanup.enter_context(_temporary_folder())

        instance = cls(
            InstanceType.EPHEMERAL,
            settings=settings or {},
            registry=registry,
            factories=ephemeral_factories(registry, base_dir),
            cleanup=cleanup,
        )
        for payload in preload or ():
            _load_payload(instance, payload)
        return instance

    @classmethod
    def local_temp(
        cls, tempdir: str | Path | None = None, overrides: Mapping[str, Any] | None = None
    ) -> Instance:
        """Open a persistent instance in a folder: `tempdir`, or a new one that is removed when the instance is closed.

        Args:
            tempdir: The folder; a second instance on it sees the same data.
            overrides: Values that replace whole top-level keys of the folder's `runrack.yaml`.
        """
        if tempdir is not None:
            return cls.from_config(tempdir, overrides=overrides)
        cleanup = ExitStack()
        folder = cleanup.enter_context(_temporary_folder())
        instance = cls.from_config(folder, overrides=overrides)
        instance.on_dispose(cleanup.close)
        return instance

    def __enter__(self) -> Instance:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.dispose()

    def dispose(self) -> None:
        """Close every part and remove what is temporary. Harmless when repeated."""
        self._close_intake()
        self._parts.dispose()
        with self._workspace_lock:
            workspace, self._workspace = self._workspace, None
        if workspace is not None:
            workspace.close()
        self._cleanup.close()
        self._hooks.call("instance_closed", instance=self)

    def on_dispose(self, action: Callable[[], object]) -> None:
        """Do something after the parts were closed; what was added last is done first."""
        self._cleanup.callback(action)

    @property
    def instance_type(self) -> InstanceType:
        """Whether what the instance keeps outlives it."""
        return self._instance_type

    @property
    def is_persistent(self) -> bool:
        """Whether what the instance keeps outlives it."""
        return self._instance_type is InstanceType.PERSISTENT

    @property
    def is_ephemeral(self) -> bool:
        """Whether what the instance keeps is gone with it."""
        return self._instance_type is InstanceType.EPHEMERAL

    @property
    def registry(self) -> PluginRegistry:
        """The plugins of this instance."""
        return self._registry

    @cached_property
    @override
    def plugin_set(self) -> PluginSet | None:
        return None if self._ref is None else make_plugin_set(self._registry, self._ref.targets())

    @property
    @override
    def workspace(self) -> Workspace:
        with self._workspace_lock:
            if self._workspace is None:
                from runrack.instance.open_workspace import open_configured_workspace

                self._workspace = open_configured_workspace(self._ref, self._settings)
            return self._workspace

    @property
    def root_directory(self) -> str:
        """The folder of the instance."""
        return self.artifact_storage.base_dir

    def storage_directory(self) -> str:
        """Return the folder for what runs write."""
        return self.artifact_storage.storage_dir

    def schedules_directory(self) -> str:
        """Return the folder for what schedules write."""
        return self.artifact_storage.schedules_dir

    def file_manager_directory(self, run_id: str) -> str:
        """Return the folder for the files of one run."""
        return self.artifact_storage.file_manager_dir(run_id)

    @property
    def should_start_background_run_thread(self) -> bool:
        """Whether the worker of a run watches for its cancellation in a thread; subclasses may say so."""
        return False

    @override
    def get_settings(self, key: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._settings.get(key, {})
        return found

    @property
    def run_monitoring(self) -> MonitoringSettings:
        """How long a run may stay in each state, and how often it is given a new worker."""
        return MonitoringSettings.from_settings(self.get_settings("run_monitoring"))

    @property
    def run_retries(self) -> RetrySettings:
        """Which failed runs are run again."""
        return RetrySettings.from_settings(self.get_settings("run_retries"))

    def get_ref(self) -> InstanceRef:
        """Return what another process needs to open the same instance.

        Raises:
            InvariantViolationError: The instance was not opened from configuration: what it keeps cannot be reached from
                another process.
        """
        if self._ref is None:
            raise InvariantViolationError(
                "this instance cannot be opened in another process: it was built from objects or lives in memory. Use "
                f"Instance.get() with ${HOME_VARIABLE}, or Instance.local_temp()"
            )
        return self._ref

    def info_dict(self) -> dict[str, Any]:
        """Return what each part is: its `module`, `class` and `config`, references to secrets unresolved."""
        parts = {get_slot(slot).yaml_key or slot: self._part_info(slot) for slot in REF_FIELD_OF_SLOT}
        known = {key: info for key, info in parts.items() if info is not None}
        return {"instance_type": self._instance_type.value, **known, **self._settings}

    def wipe(self) -> None:
        """Remove all runs and events; schedules, bookmarks and captured output stay."""
        self.event_log_storage.wipe()
        self.run_storage.wipe()

    def wipe_all_schedules(self) -> None:
        """Remove the state and the ticks of all schedules and sensors."""
        self.schedule_storage.wipe()

    def _part_info(self, slot: str) -> dict[str, Any] | None:
        data = None if self._ref is None else self._ref.part_data(slot)
        part = None if data is not None else self._parts.peek(slot)
        if isinstance(part, ConfigurableClass):
            data = part.inst_data
        if data is not None:
            return data.info_dict()
        return (
            None
            if part is None
            else {"module": type(part).__module__, "class": type(part).__name__, "config": {}}
        )


def _class_of(cls: type[Instance], ref: InstanceRef, registry: PluginRegistry) -> type[Instance]:
    named = ref.custom_instance_class_data
    if named is None:
        return cls
    return cast("type[Instance]", registry.load_class(named.module_name, named.class_name, Instance))


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="runrack-", ignore_cleanup_errors=True)


def _load_payload(instance: Instance, payload: DebugRunPayload) -> None:
    for snapshot in (payload.job_snapshot, payload.execution_plan_snapshot):
        if snapshot is not None:
            instance.run_storage.add_snapshot(snapshot)
    instance.run_storage.add_run(payload.run)
    instance.event_log_storage.store_events(payload.events)
