"""OutputStore: which IO manager keeps the values of a run."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from runrack.errors import ValueNotFoundError
from runrack.interfaces.io_manager import InputContext, IOManager, OutputContext
from runrack.interfaces.part import PluginLoader
from runrack.records.known_state import OutputHandle

DEFAULT_IO_MANAGER = "local"
"""The IO manager plugin of stored runs whose job has none of its own."""


class MemoryIOManager(IOManager):
    """Keeps values in the memory of this process: the objects themselves."""

    keeps_in_memory = True

    def __init__(self) -> None:
        self._values: dict[tuple[str, ...], Any] = {}

    @override
    def handle_output(self, context: OutputContext, obj: Any) -> None:
        self._values[context.identifier] = obj

    @override
    def load_input(self, context: InputContext) -> Any:
        output = context.upstream_output
        if output.identifier not in self._values:
            raise ValueNotFoundError(
                f"output {output.name!r} of step {output.step_key!r} is not in the memory of this process, where values of"
                " this run are kept: execute the step in the same run"
            )
        return self._values[output.identifier]


class OutputStore:
    """Which IO manager keeps the values of outputs that name no resource, and the values that a caller wants to see.

    Args:
        plugins: Gives the default IO manager; without it, values are kept in memory.
        keeps_values: Whether `values` has what is given in this process.

    Attributes:
        values: What was given in this process, when it is kept, by step and output; a dynamic output's by mapping key.
    """

    def __init__(
        self,
        plugins: PluginLoader | None = None,
        *,
        keeps_values: bool = False,
    ) -> None:
        self._plugins = plugins
        self._keeps_values = keeps_values
        self._default: IOManager | None = None
        self.values: dict[tuple[str, str], Any] = {}

    @property
    def is_persistent(self) -> bool:
        """Whether another process can load what the default manager keeps."""
        return self._plugins is not None

    @property
    def default_manager(self) -> IOManager:
        """What keeps values of a job that has no IO manager of its own.

        Raises:
            PluginError: The plugin cannot be used.
        """
        if self._default is None:
            self._default = self._create_default()
        return self._default

    def keep_value(self, handle: OutputHandle, value: Any) -> None:
        """Keep a value in `values`, if they are wanted."""
        if not self._keeps_values:
            return
        key = (handle.step_key, handle.output_name)
        if handle.mapping_key is None:
            self.values[key] = value
        else:
            self.values.setdefault(key, {})[handle.mapping_key] = value

    def _create_default(self) -> IOManager:
        if self._plugins is None:
            return MemoryIOManager()
        found: Any = self._plugins.load_plugin("io_manager", DEFAULT_IO_MANAGER)
        manager: IOManager = found()
        return manager
