"""Opening an instance in the process of a worker: what the engine reaches by name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from runrack.definitions.run_config import DEFAULT_EXECUTOR
from runrack.engine.output_store import DEFAULT_IO_MANAGER
from runrack.errors import PluginError
from runrack.host.policy import PluginPolicy
from runrack.host.registry import PluginRegistry
from runrack.host.slots import get_slot
from runrack.instance.instance import Instance
from runrack.instance.instance_ref import REF_FIELD_OF_SLOT, InstanceRef

_USED_BY_STEPS = ("artifact_storage", "compute_log_manager")
_DEFAULT_PLUGINS = (("executor", DEFAULT_EXECUTOR), ("io_manager", DEFAULT_IO_MANAGER))


def open_instance(instance_ref: Mapping[str, Any]) -> Instance:
    """Open the instance that a reference describes. Raises as `open_for_worker`."""
    return Instance.from_ref(InstanceRef.from_dict(instance_ref))


def load_parts(instance_ref: Mapping[str, Any]) -> None:
    """Import the code of what runs on an instance use, so that copies of this process have it; open nothing.

    What cannot be imported is told where it is used.
    """
    ref = InstanceRef.from_dict(instance_ref)
    registry = PluginRegistry(policy=PluginPolicy.from_config(ref.settings.get("plugins")))
    for slot in REF_FIELD_OF_SLOT:
        data, interface = ref.part_data(slot), get_slot(slot).load_interface()
        if data is not None and interface is not None:
            with suppress(PluginError):
                registry.load_class(data.module_name, data.class_name, interface)
    for slot, name in _DEFAULT_PLUGINS:
        with suppress(PluginError):
            registry.load_plugin(slot, name)


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
