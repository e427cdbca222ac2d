"""Whether a plugin was made for what this host offers: decided on metadata, before anything of the plugin is imported."""

from __future__ import annotations

from runrack.host.core_version import core_version
from runrack.host.distribution import find_requirement
from runrack.host.entry_point import EntryPointRecord
from runrack.host.policy import Refusal
from runrack.host.slots import FIRST_API, PLUGIN_API, Slot, get_slot

_CORE = "runrack-core"


def find_mismatch(entry: EntryPointRecord) -> Refusal | None:
    """Return why a plugin does not fit this host, or None when it does."""
    if entry.plugin_api and PLUGIN_API not in entry.plugin_api:
        versions = " or ".join(str(version) for version in entry.plugin_api)
        is_newer = min(entry.plugin_api) > PLUGIN_API
        reason = f"it was made for plugin API {versions}; {_this_host()} has plugin API {PLUGIN_API}"
        return Refusal(reason, _fix(entry, is_newer=is_newer))
    slot = get_slot(entry.slot)
    wanted = entry.slot_api or (FIRST_API,)
    if any(_fits(version, slot) for version in wanted):
        return None
    versions = " or ".join(f"{major}.{minor}" for major, minor in wanted)
    reason = f"it needs {slot.name} API {versions}; {_this_host()} has {slot.api[0]}.{slot.api[1]}"
    return Refusal(reason, _fix(entry, is_newer=min(wanted) > slot.api))


def _fits(version: tuple[int, int], slot: Slot) -> bool:
    major, minor = slot.api
    return version[0] == major and version[1] <= minor


def _this_host() -> str:
    return f"this {_CORE} {core_version()}"


def _fix(entry: EntryPointRecord, *, is_newer: bool) -> str:
    """Say which side to upgrade; a plugin for a newer host says itself which core it needs."""
    if not is_newer:
        return f"pip install --upgrade {entry.distribution}"
    requirement = _CORE + find_requirement(entry.distribution, _CORE)
    return f"pip install --upgrade '{requirement}'"
