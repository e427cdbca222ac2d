"""OutputStore: the values that steps give to each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from typing_extensions import override


class OutputHandle(NamedTuple):
    """Names the value that a step gave."""

    step_key: str
    output_name: str


class OutputStore(ABC):
    """Keeps the values that the steps of one run gave.

    Attributes:
        manager_key: What events call it.
        is_persistent: Whether another process can read the values.
    """

    manager_key: str
    is_persistent: bool

    @abstractmethod
    def has(self, handle: OutputHandle) -> bool:
        """Tell whether the step gave this output."""

    @abstractmethod
    def store(self, handle: OutputHandle, value: Any) -> None:
        """Keep a value; one that was kept for the same output before is replaced."""

    @abstractmethod
    def load(self, handle: OutputHandle) -> Any:
        """Return a value that was kept."""


class MemoryOutputStore(OutputStore):
    """Keeps values in the memory of this process: the objects themselves."""

    manager_key = "memory"
    is_persistent = False

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], Any] = {}

    @override
    def has(self, handle: OutputHandle) -> bool:
        return handle in self.values

    @override
    def store(self, handle: OutputHandle, value: Any) -> None:
        self.values[handle] = value

    @override
    def load(self, handle: OutputHandle) -> Any:
        return self.values[handle]
