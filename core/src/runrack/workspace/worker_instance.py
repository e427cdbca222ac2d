"""The instance in the process of a run's worker."""

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

    def load_parts(self, instance_ref: Mapping[str, Any]) -> None: ...


@contextmanager
def opened_instance(instance_ref: Mapping[str, Any]) -> Iterator[WorkerInstance]:
    """Return a context with the instance that a reference describes.

    Raises:
        RunrackError: It cannot be opened.
    """
    instance = _functions().open_instance(instance_ref)
    try:
        yield instance
    finally:
        instance.dispose()


def load_parts(instance_ref: Mapping[str, Any]) -> None:
    """Import the code of an instance's parts and of the engine, opening and connecting nothing."""
    _functions().load_parts(instance_ref)


def _functions() -> _Functions:
    return cast("_Functions", importlib.import_module(_MODULE))
