"""The check of a whole runrack.yaml, the configuration of its plugins included."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runrack.cli.plugins.schemas import PluginSchemas
from runrack.config.document import Document
from runrack.config.evaluation import evaluate
from runrack.config.problem import ConfigProblem, DocumentPath, format_path
from runrack.config.vocabulary import Field, Permissive, Selector, Shape
from runrack.errors import ConfigError, PluginError
from runrack.host.plugin_record import PluginRecord, PluginState
from runrack.host.registry import PluginRegistry
from runrack.host.slots import SLOTS
from runrack.instance.configuration import CLASS_FORM, SETTINGS, Configuration

_USABLE = {PluginState.FOUND, PluginState.LOADED}


@dataclass
class ConfigurationCheck:
    """What is wrong with a configuration, and what could not be checked.

    Attributes:
        problems: What is wrong, in the order of the document.
        warnings: What works but should be changed.
        plugin_problems: What is wrong with the plugins that it names, in lines with their positions.
        plugin_codes: The code of each of these.
        unchecked: The plugins whose configuration nothing is known about, as `slot: where it lies`.
    """

    problems: list[ConfigProblem] = field(default_factory=list)
    warnings: list[ConfigProblem] = field(default_factory=list)
    plugin_problems: list[str] = field(default_factory=list)
    plugin_codes: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def check_configuration(
    document: Document, registry: PluginRegistry, schemas: PluginSchemas, *, resolve: bool
) -> ConfigurationCheck:
    """Return what is wrong with a configuration.

    Args:
        document: The file.
        registry: What is installed.
        schemas: How plugins are configured.
        resolve: Whether references have to lead somewhere.

    Raises:
        PluginError: A part that is not configured, and so the default one, is not installed or may not be used.
    """
    checker = _Checker(document, registry, schemas)
    form = checker.form()
    base_dir = Path(document.name).absolute().parent
    result = evaluate(form, document.value, document=document, resolve=resolve, base_dir=base_dir)
    check = checker.check
    check.problems = list(result.problems)
    check.warnings = list(result.warnings)
    if not check.problems and not check.plugin_problems:
        _check_choice(document, registry, base_dir, check)
    return check


def _check_choice(
    document: Document, registry: PluginRegistry, base_dir: Path, check: ConfigurationCheck
) -> None:
    try:
        Configuration(document).choose_parts(registry, str(base_dir))
    except ConfigError as error:
        check.problems = list(error.problems)


class _Checker:
    """Builds the schema of the file from what the file chooses, and notes what is wrong with the choice."""

    def __init__(self, document: Document, registry: PluginRegistry, schemas: PluginSchemas) -> None:
        self.check = ConfigurationCheck()
        self._document = document
        self._values: dict[str, Any] = document.value
        self._registry = registry
        self._schemas = schemas

    def form(self) -> Shape:
        """Return the schema: each slot in the form that the file uses, each plugin's configuration as far as it is known."""
        fields: dict[str, Any] = dict(SETTINGS)
        for slot in SLOTS.values():
            if slot.yaml_key is not None:
                form = self._slot_form(slot.name, slot.yaml_key, self._values.get(slot.yaml_key))
                fields[slot.yaml_key] = Field(form, is_required=False)
        return Shape({**fields, "instance_class": Field(CLASS_FORM, is_required=False)})

    def _slot_form(self, slot: str, key: str, value: Any) -> Any:
        installed = self._registry.list_plugins(slot)
        if not installed or (isinstance(value, dict) and set(value) & set(CLASS_FORM)):
            return self._class_form(slot, key, value)
        chosen = {value} if isinstance(value, str) else set(value) if isinstance(value, dict) else set()
        by_name = {record.name: record for record in installed}  # a name may be claimed twice
        return Selector({name: self._named(record, key, chosen) for name, record in by_name.items()})

    def _named(self, record: PluginRecord, key: str, chosen: set[str]) -> Any:
        if record.name not in chosen:
            return Field(Permissive(), is_required=False)
        found = self._registry.find_plugin(record.slot, record.name) or record
        path = (key, record.name) if isinstance(self._values[key], dict) else (key,)
        if found.state not in _USABLE:
            fix = f"\n  fix: {found.fix}" if found.fix else ""
            self._report(path, f"{found.label} cannot be used: {found.reason}{fix}", found.code)
            return Field(Permissive(), is_required=False)
        return self._schema(record.slot, found.target, path)

    def _class_form(self, slot: str, key: str, value: Any) -> Any:
        form: dict[str, Any] = dict(CLASS_FORM)
        match value:
            case {"module": str(module), "class": str(class_name)}:
                form["config"] = self._schema(slot, f"{module}:{class_name}", (key, "class"))
        return form

    def _schema(self, slot: str, target: str, path: DocumentPath) -> Any:
        try:
            found = self._schemas.find(slot, target)
        except PluginError as error:
            self._report(path, error.message, error.code)
            return Field(Permissive(), is_required=False)
        if found is None:
            self.check.unchecked.append(f"{slot}: {target}")
            return Field(Permissive(), is_required=False)
        return found

    def _report(self, path: DocumentPath, message: str, code: str | None) -> None:
        self.check.plugin_codes.append(code or PluginError.code)
        position = self._document.position(path, key=True)
        self.check.plugin_problems.append(f"{position} {format_path(path)}: {message}")
