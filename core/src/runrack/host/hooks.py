"""PluginHooks: calls what plugins registered for a hook, and keeps their failures away from everything else."""

from __future__ import annotations

import logging
import threading
from typing import Any

from runrack.errors import PluginError
from runrack.host.hook_implementation import HookImplementation, HookPlugin, read_implementations
from runrack.host.plugin_record import PluginState
from runrack.host.registry import PluginRegistry
from runrack.host.slots import HOOKS_SLOT

_LOGGER = logging.getLogger("runrack.hooks")


class PluginHooks:
    """The hooks of this process and who listens to them.

    - Plugins of the slot `hooks` are loaded at the first call. One that cannot be loaded or does not fit is logged once, with its
      fix, and left out.
    - Order: `tryfirst`, then unmarked, then `trylast`; within each by the plugin's name, which is its distribution's.
    - An exception of an implementation (`SystemExit` included) is logged to `runrack.hooks` with plugin, hook and
      elapsed time. After `MAX_FAILURES` of them the plugin is quarantined: it is not called any more.

    Args:
        registry: Where installed hook plugins come from; None for only those that `register` adds.
    """

    def __init__(self, registry: PluginRegistry | None = None) -> None:
        self._registry = registry
        self._is_loaded = registry is None
        self._loading = threading.RLock()  # a plugin may call hooks, in this thread, while it is imported
        self._calls: dict[str, tuple[HookImplementation, ...]] = {}

    @property
    def has_listeners(self) -> bool:
        """Whether anything listens to any hook."""
        if not self._is_loaded:
            self._load()
        return bool(self._calls)

    def call(self, hook: str, /, **arguments: Any) -> None:
        """Call every implementation of a hook.

        Args:
            hook: Name of a function in `runrack.hookspecs`.
            arguments: The arguments of that function, all of them.
        """
        if not self._is_loaded:
            self._load()
        for implementation in self._calls.get(hook, ()):
            implementation.call(arguments)

    def register(self, plugin: object, name: str) -> None:
        """Add the hook implementations of a module or an object; all of them or, on an error, none.

        Args:
            plugin: The module or object.
            name: The plugin's name for messages and order: its distribution's.

        Raises:
            HookRegistrationError: An implementation does not fit: unknown hook, unknown argument, coroutine function, wrapper,
                not marked with runrack's `hookimpl`; or the plugin implements no hook.
        """
        for added in read_implementations(plugin, HookPlugin(name)):
            listeners = [*self._calls.get(added.hook, ()), added]
            self._calls[added.hook] = tuple(sorted(listeners, key=lambda found: found.order))

    def _load(self) -> None:
        with self._loading:
            registry, self._registry = self._registry, None
            if registry is None:
                return
            for record in registry.list_plugins(HOOKS_SLOT):
                if record.state is PluginState.BLOCKED:
                    continue
                try:
                    self.register(registry.load(record), record.distribution or record.name)
                except PluginError as error:
                    _LOGGER.warning("a hook plugin is left out: %s", error)
            self._is_loaded = True
