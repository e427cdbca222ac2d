"""Opening an instance in the process of a worker: what the engine reaches by name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from runrack.errors import PluginError
from runrack.host.slots import get_slot
from runrack.instance.instance import Instance
from runrack.instance.instance_ref import InstanceRef

_USED_BY_STEPS = ("artifact_storage", "compute_log_manager")


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
