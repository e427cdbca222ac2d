"""The instance in the processes that work on runs and answer questions."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, cast

from runrack.interfaces.part import InstanceServices

_MODULE = "runrack.instance.worker"
"""Where the functions lie that open an instance: on a floor above this one (decision 0006)."""


class WorkerInstance(InstanceServices, Protocol):
    """An instance that its opener closes."""

    def dispose(self) -> None:
        """Close every part."""
        ...


class _Functions(Protocol):
    def open_instance(self, instance_ref: Mapping[str, Any]) -> WorkerInstance: ...

    def open_ahead(self, instance_ref: Mapping[str, Any]) -> WorkerInstance | None: ...


class InstanceOpener:
    """Opens instances in copies of a process, which has done most of the work for one of them already."""

    def __init__(self) -> None:
        self._ref: Mapping[str, Any] | None = None
        self._ahead: WorkerInstance | None = None

    def open_ahead(self, instance_ref: Mapping[str, Any]) -> None:
        """Open an instance, with its parts made and nothing connected, for the copies that are made of this process."""
        self._ahead = _functions().open_ahead(instance_ref)
        self._ref = instance_ref

    @contextmanager
    def opened(self, instance_ref: Mapping[str, Any]) -> Iterator[WorkerInstance]:
        """Return a context with the instance that a reference describes; in a copy, once.

        Raises:
            RunrackError: It cannot be opened.
        """
        instance = self._ahead if instance_ref == self._ref else None
        if instance is None:
            instance = _functions().open_instance(instance_ref)
        try:
            yield instance
        finally:
            instance.dispose()


def _functions() -> _Functions:
    return cast("_Functions", importlib.import_module(_MODULE))
