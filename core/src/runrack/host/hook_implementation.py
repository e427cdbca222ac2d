"""HookImplementation: one plugin's function for one hook, read, checked and called.

pluggy gives the vocabulary: markers and their options. The loop that calls is our own and a short one, since the
hooks are notifications: nothing is returned, nothing wraps anything, and each plugin fails for itself.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from runrack.errors import HookRegistrationError

if TYPE_CHECKING:
    import pluggy

MAX_FAILURES = 5
"""After this many failures a plugin is not called any more in this process."""

_LOGGER = logging.getLogger("runrack.hooks")
_Specs = Mapping[str, Callable[..., object]]


class HookPlugin:
    """A registered plugin and how often it has failed.

    Attributes:
        name: Its name in messages, and its place in the order.
        failures: How often one of its implementations raised.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.failures = 0


class HookImplementation:
    """One plugin's function for one hook.

    Attributes:
        hook: The hook.
        order: Sorts implementations into the order in which they are called.
    """

    def __init__(
        self, plugin: HookPlugin, hook: str, function: Callable[..., object], options: pluggy.HookimplOpts
    ) -> None:
        self.hook = hook
        rank = 0 if options["tryfirst"] else 2 if options["trylast"] else 1
        self.order = (rank, plugin.name)
        self._plugin = plugin
        self._function = function
        self._argument_names = tuple(inspect.signature(function).parameters)

    def call(self, arguments: Mapping[str, Any]) -> None:
        """Call the function with those of the arguments that it names, unless its plugin failed too often."""
        if self._plugin.failures >= MAX_FAILURES:
            return
        started = time.perf_counter()
        try:
            self._function(**{name: arguments[name] for name in self._argument_names})
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's failure never stops a run
            self._note_failure(error, time.perf_counter() - started)

    def _note_failure(self, error: BaseException, elapsed_seconds: float) -> None:
        self._plugin.failures += 1
        _LOGGER.error(
            "plugin %s raised %s in hook %s after %.1f ms",
            self._plugin.name,
            type(error).__name__,
            self.hook,
            elapsed_seconds * 1000,
            exc_info=error,
        )
        if self._plugin.failures == MAX_FAILURES:
            _LOGGER.error(
                "plugin %s failed %d times and is not called any more in this process; fix: upgrade it, or name"
                " it in `plugins: block:` in runrack.yaml",
                self._plugin.name,
                MAX_FAILURES,
            )


def read_implementations(source: object, plugin: HookPlugin) -> list[HookImplementation]:
    """Return the implementations that a module or an object holds.

    Raises:
        HookRegistrationError: One of them does not fit, or there are none.
    """
    from pluggy import PluginManager

    from runrack import hookspecs

    manager = PluginManager(hookspecs.PROJECT)
    specs = {
        name: spec for name, spec in vars(hookspecs).items() if manager.parse_hookspec_opts(hookspecs, name)
    }
    found: dict[str, HookImplementation] = {}
    for name in dir(source):
        options = manager.parse_hookimpl_opts(source, name)
        if options is None:
            if name in specs:
                _check_unmarked(plugin, source, name, specs)
            continue
        function = getattr(source, name)
        hook = options["specname"] or name
        _check_fit(plugin, hook, function, options, specs)
        if hook in found:
            raise _refusal(plugin, f"implements the hook {hook} twice", "keep one implementation")
        found[hook] = HookImplementation(plugin, hook, function, options)
    if not found:
        raise _refusal(
            plugin, "implements no hook", f"mark its functions with hookimpl; hooks: {_join(specs)}"
        )
    return list(found.values())


def _check_unmarked(plugin: HookPlugin, source: object, name: str, specs: _Specs) -> None:
    """Refuse a function that is named like a hook but would never be called."""
    function = getattr(source, name)
    if function is specs[name]:
        return
    marks = [
        mark.removesuffix("_impl") for mark in getattr(function, "__dict__", ()) if mark.endswith("_impl")
    ]
    marked = f"is marked as an implementation for {_join(marks)}" if marks else "is not marked"
    raise _refusal(
        plugin, f"{name} is named like a hook but {marked}", "mark it with runrack.hookspecs.hookimpl"
    )


def _check_fit(
    plugin: HookPlugin,
    hook: str,
    function: Callable[..., object],
    options: pluggy.HookimplOpts,
    specs: _Specs,
) -> None:
    if hook not in specs:
        from runrack.config.problem import nearest

        near = nearest(hook, specs)
        hint = f"did you mean {near}?" if near else f"hooks: {_join(specs)}"
        raise _refusal(plugin, f"there is no hook {hook!r}", hint)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise _refusal(plugin, f"{hook} is a coroutine function, which would never be awaited", "write `def`")
    if options["wrapper"] or options["hookwrapper"] or inspect.isgeneratorfunction(function):
        reason = f"{hook} is a wrapper or a generator, and hooks are plain notifications"
        raise _refusal(plugin, reason, "write a function without `yield`")
    _check_arguments(plugin, hook, function, specs)


def _check_arguments(plugin: HookPlugin, hook: str, function: Callable[..., object], specs: _Specs) -> None:
    allowed = inspect.signature(specs[hook]).parameters
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY}:
            reason = f"{hook} takes {parameter}, but arguments are passed by name"
            raise _refusal(plugin, reason, f"name those it wants of: {_join(allowed)}")
        if parameter.name not in allowed:
            reason = f"{hook} wants an argument {parameter.name!r} that the hook does not have"
            raise _refusal(plugin, reason, f"name those it wants of: {_join(allowed)}")


def _refusal(plugin: HookPlugin, reason: str, fix: str) -> HookRegistrationError:
    message = f"the hook plugin {plugin.name} cannot be registered: {reason}"
    return HookRegistrationError(message, distribution=plugin.name, fix=fix)


def _join(names: Iterable[str]) -> str:
    return ", ".join(names)
