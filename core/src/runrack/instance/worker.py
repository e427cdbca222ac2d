"""Opening an instance in the process of a worker: what the engine reaches by name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from runrack.definitions.run_config import DEFAULT_EXECUTOR
from runrack.engine.output_store import DEFAULT_IO_MANAGER
from runrack.errors import PluginError, RunrackError
from runrack.host.slots import get_slot
from runrack.instance.event_spool import spool_files
from runrack.instance.instance import Instance
from runrack.instance.instance_ref import InstanceRef

_USED_BY_STEPS = ("artifact_storage", "compute_log_manager")
_DEFAULT_PLUGINS = (("executor", DEFAULT_EXECUTOR), ("io_manager", DEFAULT_IO_MANAGER))


def open_instance(instance_ref: Mapping[str, Any]) -> Instance:
    """Open the instance that a reference describes. Raises as `open_for_worker`."""
    return Instance.from_ref(InstanceRef.from_dict(instance_ref))


def open_ahead(instance_ref: Mapping[str, Any]) -> Instance | None:
    """Open the instance that a reference describes for copies of this process: what runs need is made, nothing connected.

    - What cannot be made is told where it is used.
    - Returns None while events of other processes wait on the disk: bringing them in takes a thread, and a process that is
      copied must have none.

    Raises as `open_for_worker`.
    """
    ref = InstanceRef.from_dict(instance_ref)
    if spool_files(Path(ref.base_dir)):
        return None
    instance = Instance.from_ref(ref)
    with suppress(RunrackError):
        _make_parts(instance)
    for slot, name in _DEFAULT_PLUGINS:
        with suppress(PluginError):
            instance.registry.load_plugin(slot, name)
    return instance


def _make_parts(instance: Instance) -> None:
    """Make the parts that every run uses, and find out what it is compared with."""
    for _ in (
        instance.plugin_set,
        instance.storage,
        instance.artifact_storage,
        instance.compute_log_manager,
    ):
        pass


def open_for_worker(instance_ref: Mapping[str, Any]) -> Instance:
    """Open the instance that a reference describes, with the code of what every step uses loaded, and nothing connected.

    Raises:
        InvalidArgumentError: This is no instance reference.
        PluginError: The reference names an instance class that cannot be loaded.
    """
    ref = InstanceRef.from_dict(instance_ref)
    instance = Instance.from_ref(ref)
    for slot in _USED_BY_STEPS:
        data = ref.part_data(slot)
        interface = get_slot(slot).load_interface()
        if data is not None and interface is not None:
            with suppress(PluginError):  # told where the part is used
                instance.registry.load_class(data.module_name, data.class_name, interface)
    return instance
