"""PluginPolicy: which distributions may take part, decided on metadata before anything is imported."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple

from runrack.host.distribution import canonical_name

BLOCK_VARIABLE = "RUNRACK_PLUGINS_BLOCK"
SAFE_MODE_VARIABLE = "RUNRACK_SAFE_MODE"
_OWN = "runrack-*"


class OnDifference(StrEnum):
    """What a process does about a run that was made with other plugins than its own."""

    WARN = "warn"
    ERROR = "error"
    IGNORE = "ignore"


class Refusal(NamedTuple):
    """Why a distribution may not take part, and how the operator lets it in."""

    reason: str
    fix: str


class PluginPolicy(NamedTuple):
    """The operator's decision on distributions; the names in it are globs such as `acme-*`.

    It goes by distribution because anyone can claim the name of an entry point. A distribution that is let in is
    trusted code: the policy guards against accidents, not against what an installed package may do.

    Attributes:
        mode: `all`: whatever is installed and not blocked. `listed`: only what `allow` names, and runrack's own.
        allow: Used in mode `listed`.
        block: Never used, in no mode.
        environment_block: As `block`, from the environment.
        is_safe_mode: Only runrack's own distributions.
    """

    mode: Literal["all", "listed"] = "all"
    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    environment_block: tuple[str, ...] = ()
    is_safe_mode: bool = False

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
    ) -> PluginPolicy:
        """Return the policy of the `plugins` section of `runrack.yaml`, tightened by the environment.

        Args:
            config: The validated section: `mode`, `allow`, `block`; all of them optional.
            environ: `RUNRACK_PLUGINS_BLOCK` holds globs between commas; `RUNRACK_SAFE_MODE=1` switches to safe mode.
                The process's environment by default.
        """
        section = config or {}
        variables = os.environ if environ is None else environ
        return cls(
            mode=section.get("mode", "all"),
            allow=tuple(section.get("allow", ())),
            block=tuple(section.get("block", ())),
            environment_block=tuple(
                glob.strip() for glob in variables.get(BLOCK_VARIABLE, "").split(",") if glob.strip()
            ),
            is_safe_mode=variables.get(SAFE_MODE_VARIABLE, "0") not in {"", "0"},
        )

    def find_refusal(self, distribution: str) -> Refusal | None:
        """Return why a distribution may not take part, or None when it may."""
        is_own = _matches(distribution, (_OWN,))
        if self.is_safe_mode and not is_own:
            return Refusal(
                "safe mode lets only runrack's own distributions take part", f"unset {SAFE_MODE_VARIABLE}"
            )
        if _matches(distribution, self.environment_block):
            return Refusal(
                f"{BLOCK_VARIABLE} blocks the distribution {distribution}", f"take it out of {BLOCK_VARIABLE}"
            )
        if _matches(distribution, self.block):
            return Refusal(
                f"`plugins: block:` names the distribution {distribution}",
                "take it out of `plugins: block:` in runrack.yaml",
            )
        if self.mode == "listed" and not is_own and not _matches(distribution, self.allow):
            return Refusal(
                f"`plugins: mode: listed` lets only listed distributions take part, and {distribution} is not one",
                f"add {distribution} to `plugins: allow:` in runrack.yaml",
            )
        return None


def _matches(distribution: str, globs: Iterable[str]) -> bool:
    name = canonical_name(distribution)
    return any(fnmatchcase(name, glob.lower().replace("_", "-")) for glob in globs)
