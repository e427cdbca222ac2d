"""Parts: the working parts of an instance, each created when it is first used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from runrack.errors import InvariantViolationError
from runrack.interfaces.part import InstancePart, InstanceServices

P = TypeVar("P", bound=InstancePart)

Factories = Mapping[str, Callable[[], InstancePart | None]]
"""Slot to what creates the part; None as its result means that the instance has no such part."""


class Parts:
    """Holds the parts of one instance, by slot. A part that is never used is never created, not even imported."""

    def __init__(self, owner: InstanceServices, factories: Factories) -> None:
        self._owner = owner
        self._factories = factories
        self._created: dict[str, InstancePart | None] = {}
        self._lock = threading.RLock()

    def find(self, slot: str, kind: type[P]) -> P | None:
        """Return the part in a slot, created now if need be; None when the instance has none."""
        with self._lock:
            if slot not in self._created:
                self._created[slot] = self._create(slot)
            part = self._created[slot]
        return part if isinstance(part, kind) else None

    def get(self, slot: str, kind: type[P]) -> P:
        """Return the part in a slot, created now if need be.

        Raises:
            InvariantViolationError: The instance has none.
        """
        part = self.find(slot, kind)
        if part is None:
            raise InvariantViolationError(
                f"this instance has no {slot}: it was made without one, or is closed"
            )
        return part

    def peek(self, slot: str) -> InstancePart | None:
        """Return the part in a slot if it was created already."""
        return self._created.get(slot)

    def dispose(self) -> None:
        """Close every part that was created, last first. No part is created afterwards."""
        with self._lock:
            created = [part for part in self._created.values() if part is not None]
            self._created = dict.fromkeys(self._factories)
        for part in reversed(created):
            part.dispose()

    def _create(self, slot: str) -> InstancePart | None:
        factory = self._factories.get(slot)
        part = None if factory is None else factory()
        if part is not None and not part.has_instance:
            part.register_instance(self._owner)
        return part
