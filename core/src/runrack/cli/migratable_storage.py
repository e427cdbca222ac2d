"""The storages of an instance whose tables have versions."""

from __future__ import annotations

from collections.abc import Iterator

from runrack.instance.instance import Instance
from runrack.interfaces.storage import SupportsMigration


def migratable_storages(instance: Instance) -> Iterator[tuple[str, SupportsMigration]]:
    """Yield the combined storage, or each separate one, with what `runrack.yaml` calls it."""
    storage = instance.storage
    if isinstance(storage, SupportsMigration):
        yield "storage", storage
        return
    parts = {
        "run_storage": storage.run_storage,
        "event_log_storage": storage.event_log_storage,
        "schedule_storage": storage.schedule_storage,
    }
    for name, part in parts.items():
        if isinstance(part, SupportsMigration):
            yield name, part
