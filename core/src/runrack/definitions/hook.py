"""HookDefinition: what is to be done when a step has succeeded or failed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, overload

from runrack.definitions.output import check_keys, check_name
from runrack.errors import InvalidDefinitionError, with_article

HookFunction = Callable[..., Any]


class HookTrigger(StrEnum):
    """What a hook waits for."""

    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True)
class HookDefinition:
    """What is to be done when a step has succeeded or failed.

    Attributes:
        function: Takes a HookContext.
        trigger: Which of both it waits for.
        name: Names it in events.
        required_resource_keys: The resources that it uses.
    """

    function: HookFunction
    trigger: HookTrigger
    name: str
    required_resource_keys: frozenset[str] = frozenset()

    def __call__(self, context: Any) -> Any:
        """Call the function itself, as a test does."""
        return self.function(context)


def check_hooks(owner: str, hooks: Iterable[HookDefinition] | None) -> tuple[HookDefinition, ...]:
    """Return hooks in a fixed order.

    Raises:
        InvalidDefinitionError: Something else is among them.
    """
    found = tuple(hooks or ())
    for hook in found:
        if not isinstance(hook, HookDefinition):
            raise InvalidDefinitionError(
                f"hooks of {owner} holds {with_article(type(hook).__name__)}: decorate a function with @success_hook or @failure_hook"
            )
    return tuple(sorted(found, key=lambda hook: (hook.trigger, hook.name)))


@overload
def success_hook(name: HookFunction) -> HookDefinition: ...
@overload
def success_hook(
    name: str | None = None, required_resource_keys: Iterable[str] | None = None
) -> Callable[[HookFunction], HookDefinition]: ...
def success_hook(
    name: str | HookFunction | None = None, required_resource_keys: Iterable[str] | None = None
) -> HookDefinition | Callable[[HookFunction], HookDefinition]:
    """Return a hook that is called after each step that succeeds; usable bare and with arguments.

    Args:
        name: Names it in events; the function's name when left out.
        required_resource_keys: The resources that it uses.

    Raises:
        InvalidDefinitionError: The function does not take exactly one argument, the context.
    """
    return _hook(HookTrigger.SUCCESS, name, required_resource_keys)


@overload
def failure_hook(name: HookFunction) -> HookDefinition: ...
@overload
def failure_hook(
    name: str | None = None, required_resource_keys: Iterable[str] | None = None
) -> Callable[[HookFunction], HookDefinition]: ...
def failure_hook(
    name: str | HookFunction | None = None, required_resource_keys: Iterable[str] | None = None
) -> HookDefinition | Callable[[HookFunction], HookDefinition]:
    """Return a hook that is called after each step that fails; arguments and errors as `success_hook`."""
    return _hook(HookTrigger.FAILURE, name, required_resource_keys)


def _hook(
    trigger: HookTrigger, name: str | HookFunction | None, keys: Iterable[str] | None
) -> HookDefinition | Callable[[HookFunction], HookDefinition]:
    if name is not None and not isinstance(name, str):
        return _define(name, trigger, None, None)
    return lambda function: _define(function, trigger, name, keys)


def _define(
    function: HookFunction, trigger: HookTrigger, name: str | None, keys: Iterable[str] | None
) -> HookDefinition:
    if not callable(function) or len(inspect.signature(function).parameters) != 1:
        raise InvalidDefinitionError("a hook is a function of one argument, the context")
    chosen = check_name("a hook", name or function.__name__)
    return HookDefinition(function, trigger, chosen, check_keys(f"hook {chosen!r}", keys))
