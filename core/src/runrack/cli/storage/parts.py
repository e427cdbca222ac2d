"""The storages of an instance that have an ability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from runrack.instance.instance import Instance

Ability = TypeVar("Ability")


def storages_with(instance: Instance, ability: type[Ability]) -> Iterator[tuple[str, Ability]]:
    """Yield the combined storage, or each separate one, with what `runrack.yaml` calls it, if it has the ability."""
    storage = instance.storage
    if isinstance(storage, ability):
        yield "storage", storage
        return
    parts = {
        "run_storage": storage.run_storage,
        "event_log_storage": storage.event_log_storage,
        "schedule_storage": storage.schedule_storage,
    }
    for name, part in parts.items():
        if isinstance(part, ability):
            yield name, part
