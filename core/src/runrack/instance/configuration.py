"""`runrack.yaml`: its schema, and which part it chooses for each slot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runrack.config.document import Document, load_document, parse_document
from runrack.config.evaluation import evaluate_or_raise
from runrack.config.problem import ConfigProblem, DocumentPath, ProblemCode, render
from runrack.config.vocabulary import Enum, Field, Permissive, Selector, Shape
from runrack.errors import ConfigError
from runrack.host.configurable import ConfigurableClassData
from runrack.host.plugin_record import PluginState
from runrack.host.policy import OnDifference, PluginPolicy
from runrack.host.registry import PluginRegistry
from runrack.host.slots import SLOTS
from runrack.instance.daemon_settings import DAEMON_FIELD, MONITORING_FIELD, RETRIES_FIELD
from runrack.instance.retention_settings import RETENTION_FIELD
from runrack.instance.spool_settings import SPOOL_FIELD
from runrack.records.log_level import PYTHON_LOGGING_LEVELS_NAMES
from runrack.workspace.location_schema import WORKSPACE_FIELD

CONFIG_FILE = "runrack.yaml"

PART_SLOTS = tuple(slot.name for slot in SLOTS.values() if slot.yaml_key is not None)
"""The slots that `runrack.yaml` fills."""

SEPARATE_STORAGES = ("run_storage", "event_log_storage", "schedule_storage")

CLASS_FORM = {
    "module": Field(str, description="Module of the class"),
    "class": Field(str, description="The class in it"),
    "config": Field(Permissive(), is_required=False, description="What the class is configured with"),
}

SETTINGS: dict[str, Field] = {
    "plugins": Field(
        {
            "mode": Field(Enum("mode", ["all", "listed"]), default_value="all"),
            "allow": Field([str], default_value=[]),
            "block": Field([str], default_value=[]),
            "on_difference": Field(
                Enum("on_difference", [reaction.value for reaction in OnDifference]),
                default_value=OnDifference.WARN.value,
                description="What a process does about a run that was made with other plugins than its own",
            ),
        },
        is_required=False,
        description="Which distributions may take part; names are globs such as acme-*",
    ),
    "python_logs": Field(
        {
            "python_log_level": Field(
                Enum("python_log_level", PYTHON_LOGGING_LEVELS_NAMES),
                is_required=False,
                description="Log messages of ops below this level are not stored",
            ),
            "managed_python_loggers": Field(
                [str],
                default_value=[],
                description="Loggers whose messages become part of a run's log; `root` is all of them",
            ),
            "handler_config": Field(
                {
                    name: Field(
                        Permissive(), is_required=False, description=f"{what}, as dictConfig takes them"
                    )
                    for name, what in {
                        "handlers": "What else takes the messages of a run, by name",
                        "formatters": "Formatters that handlers name",
                        "filters": "Filters that handlers name",
                    }.items()
                },
                is_required=False,
                description="Handlers of the messages of a run, as in Python's logging.config.dictConfig",
            ),
        },
        is_required=False,
        description="What of Python's logging becomes part of a run's log",
    ),
    "event_spool": SPOOL_FIELD,
    "run_monitoring": MONITORING_FIELD,
    "run_retries": RETRIES_FIELD,
    "daemon": DAEMON_FIELD,
    "retention": RETENTION_FIELD,
    "workspace": WORKSPACE_FIELD,
}
"""What can be configured beside the parts."""


class Configuration:
    """A checked `runrack.yaml`.

    Attributes:
        document: Its values and their positions.
        values: Its values with the defaults of the settings, references unresolved.
    """

    def __init__(self, document: Document, overrides: Mapping[str, Any] | None = None) -> None:
        self.document = document
        raw = {**document.value, **(overrides or {})} if isinstance(document.value, dict) else document.value
        self.values: dict[str, Any] = evaluate_or_raise(_form_of(raw), raw, document=document, resolve=False)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that the file gives."""
        return {key: self.values[key] for key in SETTINGS if key in self.values}

    @property
    def instance_class(self) -> ConfigurableClassData | None:
        """The subclass of `Instance` that the file names."""
        return _class_data(self.values["instance_class"]) if "instance_class" in self.values else None

    def make_registry(self) -> PluginRegistry:
        """Return the plugins of this process under the file's policy."""
        return PluginRegistry(policy=PluginPolicy.from_config(self.values.get("plugins")))

    def choose_parts(self, registry: PluginRegistry, base_dir: str) -> dict[str, ConfigurableClassData]:
        """Return slot to the part that fills it: as the file says, else the default. No plugin is imported.

        Raises:
            ConfigError: Combined and separate storages are configured at once, or a name is not installed.
            PluginError: A plugin may not be used.
        """
        self._refuse_two_storages()
        chosen = {
            slot: self._choose(registry, slot, self.values[key])
            for slot, key in _yaml_keys().items()
            if key in self.values
        }
        separate = any(slot in chosen for slot in SEPARATE_STORAGES)
        for slot, (name, config) in _defaults(base_dir, separate=separate).items():
            if slot not in chosen:
                chosen[slot] = plugin_data(registry, slot, name, config)
        return chosen

    def path_of(self, slot: str) -> DocumentPath:
        """Return where the configuration of the part in `slot` lies in the document, for the positions of problems."""
        key = SLOTS[slot].yaml_key or slot
        value = self.values.get(key)
        if isinstance(value, dict) and "module" in value:
            return (key, "config")
        return (key, *value) if isinstance(value, dict) else (key,)

    def _choose(self, registry: PluginRegistry, slot: str, value: Any) -> ConfigurableClassData:
        if "module" in value:
            return _class_data(value)
        ((name, config),) = value.items()
        self._refuse_unknown(registry, slot, name)
        return plugin_data(registry, slot, name, config)

    def _refuse_unknown(self, registry: PluginRegistry, slot: str, name: str) -> None:
        installed = {record.name: Permissive() for record in registry.list_plugins(slot)}
        if installed and name not in installed:
            key = _yaml_keys()[slot]
            evaluate_or_raise(
                Selector(installed), self.document.value.get(key), document=self.document, path=(key,)
            )

    def _refuse_two_storages(self) -> None:
        keys = [key for key in SEPARATE_STORAGES if key in self.values]
        if "storage" not in self.values or not keys:
            return
        problems = [
            ConfigProblem(
                self.document.position((key,), key=True),
                key,
                "cannot stand beside `storage`: remove one",
                code=ProblemCode.EXCLUDING_KEYS,
            )
            for key in keys
        ]
        raise ConfigError(render(problems), problems)


def load_configuration(path: Path, overrides: Mapping[str, Any] | None = None) -> Configuration:
    """Return the configuration in a file; a missing file is an empty one.

    Raises:
        ConfigError: The file cannot be read or does not satisfy its schema; the message is one screen.
    """
    document = load_document(path) if path.exists() else parse_document("", str(path))
    return Configuration(document, overrides)


def file_schema(registry: PluginRegistry, schemas: Mapping[tuple[str, str], Any] | None = None) -> Shape:
    """Return the schema of the whole file for the plugins that are installed.

    Args:
        registry: What is installed.
        schemas: (slot, name) to the schema of the plugin's configuration, where it is known.
    """
    from runrack.config.vocabulary import Union

    known = schemas or {}
    fields: dict[str, Any] = {}
    for slot, key in _yaml_keys().items():
        names = {
            record.name: Field(known.get((slot, record.name), Permissive()), is_required=False)
            for record in registry.list_plugins(slot)
            if record.state is not PluginState.BLOCKED
        }
        forms = [Selector(names), Shape(CLASS_FORM)] if names else [Shape(CLASS_FORM)]
        fields[key] = Field(Union(*forms), is_required=False)
    return Shape({**fields, "instance_class": Field(CLASS_FORM, is_required=False), **SETTINGS})


def plugin_data(
    registry: PluginRegistry, slot: str, name: str, config: Mapping[str, Any]
) -> ConfigurableClassData:
    """Return the class that a plugin's name stands for, with a configuration. The plugin is not imported.

    Raises:
        PluginError: It is not installed or may not be used.
    """
    module, _, class_name = registry.get_plugin(slot, name).target.partition(":")
    return ConfigurableClassData.from_config(module.strip(), class_name.strip(), config)


def _class_data(value: Mapping[str, Any]) -> ConfigurableClassData:
    return ConfigurableClassData.from_config(value["module"], value["class"], value.get("config", {}))


def _yaml_keys() -> dict[str, str]:
    return {slot.name: slot.yaml_key for slot in SLOTS.values() if slot.yaml_key is not None}


def _defaults(base_dir: str, *, separate: bool) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return slot to the name and configuration of its default part."""
    here = {"base_dir": base_dir}
    defaults: dict[str, tuple[str, dict[str, Any]]] = {
        "artifact_storage": ("local", here),
        "compute_log_manager": ("local", {"base_dir": str(Path(base_dir) / "compute_logs")}),
        "run_coordinator": ("default", {}),
        "run_launcher": ("default", {}),
        "scheduler": ("cron", {}),
    }
    if not separate:
        return {**defaults, "storage": ("sqlite", here)}
    names = {
        "run_storage": "sqlite",
        "event_log_storage": "consolidated_sqlite",
        "schedule_storage": "sqlite",
    }
    return {**defaults, **{slot: (name, here) for slot, name in names.items()}}


def _form_of(raw: Any) -> Shape:
    """Return the schema of the file, each slot in the form that the file uses, so that problems name what was meant."""
    given = raw if isinstance(raw, dict) else {}
    fields = {key: Field(_slot_form(given.get(key)), is_required=False) for key in _yaml_keys().values()}
    return Shape({**fields, "instance_class": Field(CLASS_FORM, is_required=False), **SETTINGS})


def _slot_form(value: Any) -> Any:
    if isinstance(value, str):
        return Selector({value: Permissive()})
    if isinstance(value, dict) and len(value) == 1 and not set(value) & set(CLASS_FORM):
        return Selector({name: Permissive() for name in value})
    return Shape(CLASS_FORM)
