"""PluginRegistry: what can be plugged in, whether it may be, and the loading of what is used."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NoReturn

from runrack.errors import (
    InvalidArgumentError,
    PluginBlockedError,
    PluginConflictError,
    PluginError,
    PluginIncompatibleError,
    PluginLoadError,
    PluginNotFoundError,
)
from runrack.host.compatibility import find_mismatch
from runrack.host.discovery import discover
from runrack.host.distribution import canonical_name
from runrack.host.entry_point import Diagnostic, EntryPointRecord, PluginIndex
from runrack.host.loading import Target, TargetError, load_target
from runrack.host.plugin_record import PluginRecord, PluginState
from runrack.host.policy import PluginPolicy
from runrack.host.slots import HOOKS_SLOT, get_slot
from runrack.host.type_check import check_class, check_instance

_ERRORS = {
    PluginState.BLOCKED: PluginBlockedError,
    PluginState.INCOMPATIBLE: PluginIncompatibleError,
    PluginState.SHADOWED: PluginConflictError,
    PluginState.FAILED: PluginLoadError,
}
_STATES = list(PluginState)

_Key = tuple[str, str, str | None]
"""Slot, name and distribution of a plugin."""


class PluginRegistry:
    """The plugins of this process.

    - Listing imports no plugin, and works with any number of broken ones.
    - A plugin is imported when it is loaded, once. When that fails, the failure is kept and belongs to this one plugin.
    - Two distributions that claim one name of a slot are an error only when that name is used.
    - Methods may be called from several threads.

    Args:
        index: What is installed; `discover()` gives it by default, when it is first needed.
        policy: Which distributions may take part; that of the environment by default.
        instance_types: For the slots that have no interface class (`executor`): what the object is an instance of.
    """

    def __init__(
        self,
        index: PluginIndex | None = None,
        policy: PluginPolicy | None = None,
        *,
        instance_types: Mapping[str, type] | None = None,
    ) -> None:
        self._given_index = index
        self._policy = policy or PluginPolicy.from_config()
        self._instance_types = dict(instance_types or {})
        self._added: dict[_Key, PluginRecord] = {}
        self._objects: dict[_Key, object] = {}
        self._failures: dict[_Key, TargetError] = {}

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The distributions and entries that could not be read."""
        return self._index.diagnostics

    def add_plugin(self, slot: str, name: str, target: object) -> None:
        """Add a plugin from Python code; it comes before an installed one of the same name.

        Args:
            slot: The slot that it fills.
            name: What users call it.
            target: The plugin itself, or where it lies as `package.module:attribute`.

        Raises:
            InvalidArgumentError: There is no such slot, or Python code added this name before.
        """
        key = (get_slot(slot).name, name, None)
        if key in self._added:
            raise InvalidArgumentError(f"a {slot} plugin named {name!r} was added before")
        described = target if isinstance(target, str) else _describe(target)
        self._added[key] = PluginRecord(slot=slot, name=name, target=described)
        if not isinstance(target, str):
            self._objects[key] = target

    def list_plugins(self, slot: str | None = None) -> list[PluginRecord]:
        """Return every plugin, or those of one slot: what is broken first, then by slot and name.

        Raises:
            InvalidArgumentError: There is no such slot.
        """
        wanted = None if slot is None else get_slot(slot).name
        records = [self._with_outcome(record) for record in self._records if wanted in {None, record.slot}]
        return sorted(records, key=lambda found: (_STATES.index(found.state), *_identity(found)))

    def find_plugin(self, slot: str, name: str) -> PluginRecord | None:
        """Return the plugin that this name of a slot stands for, or None when none is installed.

        Where the name cannot be used (blocked, incompatible, claimed twice, failed), the record's state and reason
        say why.

        Raises:
            InvalidArgumentError: There is no such slot.
        """
        named = [record for record in self.list_plugins(slot) if record.name == name]
        usable = [record for record in named if record.state in {PluginState.FOUND, PluginState.LOADED}]
        added = [record for record in named if record.distribution is None]
        return next(iter([*added, *usable, *named]), None)

    def get_plugin(self, slot: str, name: str) -> PluginRecord:
        """Return the plugin that this name of a slot stands for; it is not imported. Raises as `load_plugin`."""
        record = self.find_plugin(slot, name)
        if record is None:
            raise self._not_found(slot, name)
        if record.state in _ERRORS:
            _raise(record, self._failures.get(_key(record)))
        return record

    def explain(self, name: str) -> list[PluginRecord]:
        """Return every plugin of this name in any slot, and every plugin of the distribution of this name."""
        distribution = canonical_name(name)
        return [
            record
            for record in self.list_plugins()
            if record.name == name or canonical_name(record.distribution or "") == distribution
        ]

    def load_plugin(self, slot: str, name: str) -> object:
        """Return the object that a plugin's entry point names: a class, for `executor` a definition.

        Raises:
            PluginNotFoundError: No plugin of the slot has this name.
            PluginBlockedError: The operator's policy or safe mode excludes its distribution.
            PluginIncompatibleError: It was made for another plugin API.
            PluginConflictError: Several distributions claim the name.
            PluginLoadError: It cannot be imported, or is not what the slot wants.
            InvalidArgumentError: There is no such slot.
        """
        return self.load(self.get_plugin(slot, name))

    def load(self, record: PluginRecord) -> object:
        """Return the object of a plugin that this registry listed.

        Raises:
            PluginError: It cannot be used: one of the errors that `load_plugin` lists.
        """
        key = _key(record)
        current = self._with_outcome(record)
        if current.state in _ERRORS:
            _raise(current, self._failures.get(key))
        if key in self._objects:
            return self._checked(record, self._objects[key])
        try:
            found = load_target(Target.from_value(record.target, record.distribution))
        except TargetError as error:
            self._fail(record, error)
        self._objects[key] = self._checked(record, found)
        return found

    def load_class(self, module: str, class_name: str, expected: str | type) -> type:
        """Return the class that `module:` and `class:` of the operator's own file name.

        Args:
            module: Dotted name of the module.
            class_name: The class in it.
            expected: The slot that it is to fill, or the class that it has to derive from.

        Raises:
            PluginLoadError: It cannot be imported, or is not what is expected.
            PluginBlockedError: It belongs to an installed plugin distribution that the policy excludes.
            PluginIncompatibleError: It is declared as a plugin that was made for another API.
            InvalidArgumentError: There is no such slot.
        """
        self._refuse_excluded(module, class_name)
        interface = get_slot(expected).load_interface() if isinstance(expected, str) else expected
        declared = self._find_declared(f"{module}:{class_name}", interface)
        if declared is not None:
            return check_class(self.load(declared), interface or object)
        try:
            return check_class(load_target(Target(module, class_name)), interface or object)
        except TargetError as error:
            message = f"module: {module}, class: {class_name} cannot be used: {error.reason}"
            raise PluginLoadError(message, fix=error.fix, code=error.code) from error.__cause__

    @cached_property
    def _index(self) -> PluginIndex:
        return discover() if self._given_index is None else self._given_index

    @cached_property
    def _installed(self) -> list[PluginRecord]:
        return _mark_conflicts([self._describe_entry(entry) for entry in self._index.entries])

    @property
    def _records(self) -> list[PluginRecord]:
        return [*self._added.values(), *self._installed]

    def _describe_entry(self, entry: EntryPointRecord) -> PluginRecord:
        state, reason, fix = PluginState.FOUND, None, None
        refusal = self._policy.find_refusal(entry.distribution)
        if refusal is not None:
            state, reason, fix = PluginState.BLOCKED, refusal.reason, refusal.fix
        elif (mismatch := find_mismatch(entry)) is not None:
            state, reason, fix = PluginState.INCOMPATIBLE, mismatch.reason, mismatch.fix
        return PluginRecord(
            slot=entry.slot,
            name=entry.name,
            target=entry.value,
            distribution=entry.distribution,
            version=entry.version,
            declared_in=entry.declared_in,
            state=state,
            reason=reason,
            fix=fix,
            is_requested=entry.requested,
            code=_ERRORS[state].code if state in _ERRORS else None,
            slot_api=entry.slot_api,
        )

    def _with_outcome(self, record: PluginRecord) -> PluginRecord:
        """Add what became of the plugin in this process."""
        key = _key(record)
        failure = self._failures.get(key)
        if failure is not None:
            return record._replace(
                state=PluginState.FAILED, reason=failure.reason, fix=failure.fix, code=failure.code
            )
        if key in self._objects:
            return record._replace(state=PluginState.LOADED)
        return record

    def _checked(self, record: PluginRecord, found: object) -> object:
        interface = get_slot(record.slot).load_interface()
        expected = self._instance_types.get(record.slot)
        try:
            if interface is not None:
                check_class(found, interface)
            elif expected is not None:
                check_instance(found, expected)
        except TargetError as error:
            self._fail(record, error)
        return found

    def _fail(self, record: PluginRecord, error: TargetError) -> NoReturn:
        self._failures[_key(record)] = error
        _raise(self._with_outcome(record), error)

    def _find_declared(self, target: str, interface: type | None) -> PluginRecord | None:
        """Return the usable plugin that lies there, so that what is wrong with it is told with its distribution."""
        for record in self._installed:
            is_there = record.target == target and record.state is PluginState.FOUND
            if is_there and get_slot(record.slot).load_interface() is interface:
                return record
        return None

    def _refuse_excluded(self, module: str, class_name: str) -> None:
        """Refuse a module of a package that the policy excludes, and a declared class that does not fit this host."""
        package = module.partition(".")[0]
        for record in self._installed:
            its_package = record.target.partition(":")[0].partition(".")[0]
            is_blocked = record.state is PluginState.BLOCKED and its_package == package
            is_misfit = record.state is PluginState.INCOMPATIBLE and record.target == f"{module}:{class_name}"
            if is_blocked or is_misfit:
                _raise(record, None)

    def _not_found(self, slot: str, name: str) -> PluginNotFoundError:
        from runrack.config.problem import nearest

        names = sorted({record.name for record in self.list_plugins(slot)})
        near = nearest(name, names)
        elsewhere = sorted({found.slot for found in self.list_plugins() if found.name == name})
        message = f"no installed {slot} plugin is named {name!r}"
        message += f"; did you mean {near!r}?" if near else ""
        message += f"\n  installed: {', '.join(names) or 'none'}"
        message += f"\n  {name!r} exists as: {', '.join(elsewhere)}" if elsewhere else ""
        fix = f"use {near!r}" if near else f"install a distribution that declares {name!r} in runrack.{slot}"
        return PluginNotFoundError(message, fix=fix)


def _mark_conflicts(records: list[PluginRecord]) -> list[PluginRecord]:
    """Mark the plugins whose name several distributions claim, as far as those may take part."""
    claims: dict[tuple[str, str], list[PluginRecord]] = {}
    for record in records:
        if record.state is PluginState.FOUND and record.slot != HOOKS_SLOT:
            claims.setdefault((record.slot, record.name), []).append(record)
    return [_shadow(record, claims.get((record.slot, record.name), [])) for record in records]


def _shadow(record: PluginRecord, claims: list[PluginRecord]) -> PluginRecord:
    others = [other for other in claims if other.distribution != record.distribution]
    if record.state is not PluginState.FOUND or not others:
        return record
    names = " and ".join(other.label for other in others)
    return record._replace(
        state=PluginState.SHADOWED,
        reason=f"{record.label} and {names} both claim the name {record.name!r}",
        fix=f"uninstall one of them, or add it to `plugins: block:` in runrack.yaml, such as {others[0].distribution}",
        code=PluginConflictError.code,
    )


def _raise(record: PluginRecord, failure: TargetError | None) -> NoReturn:
    error_type: type[PluginError] = _ERRORS[record.state]
    message = (
        f"the {record.slot} plugin {record.name!r} of {record.label} cannot be used: {record.reason}\n"
        f"  declared by {record.declaration}"
    )
    error = error_type(message, distribution=record.label, fix=record.fix, code=record.code)
    raise error from (failure and failure.__cause__)


def _describe(target: object) -> str:
    owner = target if hasattr(target, "__qualname__") else type(target)
    return f"{owner.__module__}:{getattr(owner, '__qualname__', '')}"


def _identity(record: PluginRecord) -> tuple[str, str, str]:
    return record.slot, record.name, record.distribution or ""


def _key(record: PluginRecord) -> _Key:
    return record.slot, record.name, record.distribution
