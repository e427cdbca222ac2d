"""Which plugins this process works with, and what is done when a run was made with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from runrack.errors import PluginSetError
from runrack.host.core_version import core_version
from runrack.host.plugin_record import PluginState
from runrack.host.policy import OnDifference
from runrack.host.registry import PluginRegistry
from runrack.host.slots import HOOKS_SLOT
from runrack.records.event import Event
from runrack.records.event_type import EventType
from runrack.records.plugin_set import PluginSet
from runrack.records.run import Run

SETTING = "plugins"
"""The section of `runrack.yaml` that says what is done about a difference."""

CORE = "runrack-core"


class InstanceWithPlugins(Protocol):
    """What a comparison asks of the instance of this process."""

    @property
    def plugin_set(self) -> PluginSet | None:
        """The plugins of this process; None where no other process can open the instance."""
        ...

    def get_plugin_set(self, plugin_set_id: str) -> PluginSet | None:
        """Return the plugins that runs were made with, by the id that those runs hold; None when it is not known."""
        ...

    def get_settings(self, key: str) -> Mapping[str, Any]:
        """Return one of the settings beside the parts; empty when it is not configured."""
        ...

    def report_event(self, event: Event, run_id: str, log_level: int | str = "INFO") -> None:
        """Store one event of a run."""
        ...


def make_plugin_set(registry: PluginRegistry, parts: Mapping[str, str]) -> PluginSet:
    """Return the plugins in use. None of them is imported.

    Args:
        registry: What is installed.
        parts: Slot to what the configuration chooses for it, as `module:class`.
    """
    records = registry.list_plugins()
    listeners = {
        f"{HOOKS_SLOT} {record.name}": record
        for record in records
        if record.slot == HOOKS_SLOT and record.state is not PluginState.BLOCKED
    }
    declared = {(record.slot, record.target): record for record in records}
    used = [declared.get(part) for part in parts.items()]
    versions = {
        record.distribution: record.version
        for record in [*used, *listeners.values()]
        if record is not None and record.distribution is not None
    }
    listening = {name: record.target for name, record in listeners.items()}
    return PluginSet({**parts, **listening}, {**versions, CORE: core_version()})


def check_plugins(run: Run, instance: InstanceWithPlugins, who: str) -> None:
    """Say in a run's log when this process has other plugins than the one that made the run.

    Args:
        run: The run.
        instance: The instance of this process.
        who: What this process does, as in `The worker of the run`.

    Raises:
        PluginSetError: It has, and `plugins: on_difference: error` is configured.
    """
    here = instance.plugin_set
    if run.plugin_set_id is None or here is None or here.id == run.plugin_set_id:
        return
    made_with = instance.get_plugin_set(run.plugin_set_id)
    lines = [] if made_with is None else here.differences(made_with, "where the run was made")
    message = _describe(who, lines, "where the run was made")
    reaction = reaction_of(instance)
    if reaction is OnDifference.ERROR:
        raise PluginSetError(message)
    if reaction is OnDifference.WARN:
        event = Event(EventType.ENGINE_EVENT, run.job_name, message=message)
        instance.report_event(event, run.run_id, "WARNING")


def find_step_difference(given: PluginSet | None, instance: InstanceWithPlugins) -> str | None:
    """Return how the plugins of a step's process differ from those of its run's process; None when they do not.

    - What is not installed here is not used here: the interpreter of a step need not have the storage.

    Args:
        given: The plugins of the run's process; None when it does not tell.
        instance: The instance of this process.

    Raises:
        PluginSetError: They do, and `plugins: on_difference: error` is configured.
    """
    here = instance.plugin_set
    reaction = reaction_of(instance)
    if given is None or here is None or reaction is OnDifference.IGNORE:
        return None
    where = "in the process of the run"
    lines = here.shared_with(given).differences(given.shared_with(here), where)
    if not lines:
        return None
    message = _describe("The process of the step", lines, where)
    if reaction is OnDifference.ERROR:
        raise PluginSetError(message)
    return message


def reaction_of(instance: InstanceWithPlugins) -> OnDifference:
    """Return what the configuration wants to be done about a difference."""
    return OnDifference(instance.get_settings(SETTING).get("on_difference", OnDifference.WARN))


def _describe(who: str, lines: Sequence[str], where: str) -> str:
    details = "; ".join(lines) or "which ones is no longer stored"
    return f"{who} has other plugins than there are {where}: {details}. Install the same versions in both places."
