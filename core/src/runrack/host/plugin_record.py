"""PluginRecord: what is known about one plugin, and how far it has come."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from runrack.host.slots import FIRST_API


class PluginState(StrEnum):
    """How far a plugin has come; the states that need somebody's attention come first."""

    FAILED = "failed"
    SHADOWED = "shadowed"
    INCOMPATIBLE = "incompatible"
    BLOCKED = "blocked"
    FOUND = "found"
    LOADED = "loaded"


class PluginRecord(NamedTuple):
    """One plugin, described without importing it.

    Attributes:
        slot: The slot that it fills.
        name: What users call it.
        target: Where it lies: `package.module:attribute`.
        distribution: The distribution that declares it; None when Python code added it.
        version: That distribution's version; empty when Python code added it.
        declared_in: The file that declares it; None when Python code added it.
        state: How far it has come in this process.
        reason: Why it cannot be used, in one line; None when it can.
        fix: What to do about that.
        code: The code of that reason, for `runrack explain`; None when it can be used.
        is_requested: Whether a person asked for the distribution, rather than another distribution; False also where
            the installer does not tell.
        slot_api: The versions of the slot's interface that it says it needs, each major and minor; empty when it says nothing.
    """

    slot: str
    name: str
    target: str
    distribution: str | None = None
    version: str = ""
    declared_in: str | None = None
    state: PluginState = PluginState.FOUND
    reason: str | None = None
    fix: str | None = None
    is_requested: bool = False
    code: str | None = None
    slot_api: tuple[tuple[int, int], ...] = ()

    @property
    def needed_api(self) -> tuple[str, ...]:
        """The versions of the slot's interface that it was made for, such as `1.4`; one of them has to fit."""
        return tuple(f"{major}.{minor}" for major, minor in self.slot_api or (FIRST_API,))

    @property
    def label(self) -> str:
        """The plugin's distribution and version as messages name them."""
        return (
            f"{self.distribution} {self.version}"
            if self.distribution
            else f"{self.target} (added by Python code)"
        )

    @property
    def declaration(self) -> str:
        """The entry point as its file declares it, and the file."""
        line = f"[runrack.{self.slot}] {self.name} = {self.target}"
        return f"{line} in {self.declared_in}" if self.declared_in else line
