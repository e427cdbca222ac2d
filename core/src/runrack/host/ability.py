"""What a plugin can do beyond its interface: the `Supports…` protocols of `runrack.interfaces` that it has."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from runrack import interfaces

_PREFIX = "Supports"


def abilities_of(found: object) -> tuple[str, ...]:
    """Return the names of the protocols that a plugin has every member of, sorted.

    A class has a member that it defines, inherits, or writes anew; one that is set to None is taken away.
    """
    return tuple(sorted(name for name, members in _protocols().items() if _has_all(found, members)))


@cache
def _protocols() -> dict[str, frozenset[str]]:
    """Return each protocol's members by its name."""
    return {
        protocol.__name__: _members_of(protocol)
        for module in _interface_modules()
        for protocol in vars(importlib.import_module(module)).values()
        if isinstance(protocol, type) and protocol.__name__.startswith(_PREFIX)
    }


def _interface_modules() -> Iterator[str]:
    for module in pkgutil.iter_modules(interfaces.__path__, f"{interfaces.__name__}."):
        yield module.name


def _members_of(protocol: type) -> frozenset[str]:
    return frozenset(name for name in vars(protocol) if not name.startswith("_"))


def _has_all(found: object, members: frozenset[str]) -> bool:
    return all(getattr(found, name, None) is not None for name in members)
