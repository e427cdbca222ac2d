"""The slots of runrack: what can be plugged in, under which interface, and what `runrack.yaml` calls it."""

from __future__ import annotations

import importlib
from typing import NamedTuple

from runrack.errors import InvalidArgumentError

PLUGIN_API = 1
"""The version of what all plugins build on: groups, configuration, records. A distribution names the ones it was made for as
entries of the group `runrack.plugin_api`; one that names none is taken as made for 1."""

FIRST_API = (1, 0)
"""The version of its slot's interface that a plugin needs when its distribution does not name another, such as by the
entry `run_storage-1.4` of the group `runrack.plugin_api`."""

PLUGIN_API_SLOT = "plugin_api"
HOOKS_SLOT = "hooks"


class Slot(NamedTuple):
    """One place that a plugin can fill.

    Attributes:
        name: The slot, and the entry-point group without its prefix.
        interface: Name of the class that a plugin derives from; it lies in `runrack.interfaces.<name>`. None
            where the expected type is not an interface.
        yaml_key: The key of `runrack.yaml` that configures it; None where it is chosen elsewhere.
        api: Version of the interface, major and minor. The minor grows when something is added that a plugin may leave
            out; the major when a plugin has to be changed.
    """

    name: str
    interface: str | None
    yaml_key: str | None
    api: tuple[int, int] = FIRST_API

    def load_interface(self) -> type | None:
        """Return the class that a plugin for this slot derives from."""
        if self.interface is None:
            return None
        found = getattr(importlib.import_module(f"runrack.interfaces.{self.name}"), self.interface)
        return found if isinstance(found, type) else None


SLOTS = {
    slot.name: slot
    for slot in (
        Slot("storage", "Storage", "storage"),
        Slot("run_storage", "RunStorage", "run_storage"),
        Slot("event_log_storage", "EventLogStorage", "event_log_storage"),
        Slot("schedule_storage", "ScheduleStorage", "schedule_storage"),
        Slot("compute_log_manager", "ComputeLogManager", "compute_logs"),
        Slot("run_coordinator", "RunCoordinator", "run_coordinator"),
        Slot("run_launcher", "RunLauncher", "run_launcher"),
        Slot("scheduler", "Scheduler", "scheduler"),
        Slot("artifact_storage", "ArtifactStorage", "local_artifact_storage"),
        Slot("file_manager", "FileManager", None),
        Slot("executor", None, None),
        Slot("io_manager", "IOManager", None),
        Slot(HOOKS_SLOT, None, None),
    )
}
"""Every slot by its name."""


def get_slot(name: str) -> Slot:
    """Return the slot of this name.

    Raises:
        InvalidArgumentError: There is no such slot.
    """
    if name not in SLOTS:
        raise InvalidArgumentError(f"there is no plugin slot {name!r}; slots: {', '.join(SLOTS)}")
    return SLOTS[name]
