"""InstanceRef: all that another process needs to open the same instance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.host.configurable import ConfigurableClassData
from runrack.host.registry import PluginRegistry
from runrack.instance.configuration import CONFIG_FILE, Configuration, load_configuration
from runrack.records.record import Record

REF_FIELD_OF_SLOT = {
    "artifact_storage": "local_artifact_storage_data",
    "compute_log_manager": "compute_logs_data",
    "scheduler": "scheduler_data",
    "run_coordinator": "run_coordinator_data",
    "run_launcher": "run_launcher_data",
    "storage": "storage_data",
    "run_storage": "run_storage_data",
    "event_log_storage": "event_storage_data",
    "schedule_storage": "schedule_storage_data",
}


class InstanceRef(Record, frozen=True, kw_only=True, tag_field="record", tag="instance_ref/1"):
    """The parts of an instance as data: class and configuration of each, references to secrets unresolved.

    Attributes:
        base_dir: The folder of the instance, absolute; relative `{file: PATH}` references begin there.
        local_artifact_storage_data, compute_logs_data, scheduler_data, run_coordinator_data, run_launcher_data: One
            part each; None for a part that the instance does not have.
        storage_data: The combined storage; None when the three storages are separate.
        run_storage_data, event_storage_data, schedule_storage_data: The separate storages; None when they are combined.
        custom_instance_class_data: A subclass of `Instance` to open instead of it.
        settings: What is configured beside the parts.
    """

    base_dir: str
    local_artifact_storage_data: ConfigurableClassData | None = None
    compute_logs_data: ConfigurableClassData | None = None
    scheduler_data: ConfigurableClassData | None = None
    run_coordinator_data: ConfigurableClassData | None = None
    run_launcher_data: ConfigurableClassData | None = None
    settings: Mapping[str, Any] = msgspec.field(default_factory=dict)
    run_storage_data: ConfigurableClassData | None = None
    event_storage_data: ConfigurableClassData | None = None
    schedule_storage_data: ConfigurableClassData | None = None
    custom_instance_class_data: ConfigurableClassData | None = None
    storage_data: ConfigurableClassData | None = None

    @classmethod
    def from_dir(
        cls,
        base_dir: str | Path,
        *,
        config_dir: str | Path | None = None,
        config_filename: str = CONFIG_FILE,
        overrides: Mapping[str, Any] | None = None,
    ) -> InstanceRef:
        """Return the reference that the configuration in a folder describes. No plugin is imported.

        Args:
            base_dir: The folder of the instance; parts that are not configured keep their data there.
            config_dir: The folder of the file, when it is another one.
            config_filename: The file's name; a missing file means that everything is default.
            overrides: Values that replace whole top-level keys of the file.

        Raises:
            ConfigError: The file does not satisfy its schema.
            PluginError: It names a plugin that is not installed or may not be used.
        """
        folder = Path(config_dir if config_dir is not None else base_dir)
        return cls.from_configuration(load_configuration(folder / config_filename, overrides), base_dir)

    @classmethod
    def from_configuration(
        cls, configuration: Configuration, base_dir: str | Path, registry: PluginRegistry | None = None
    ) -> InstanceRef:
        """Return the reference that a checked configuration describes. Raises as `from_dir`."""
        base = str(Path(base_dir).absolute())
        found = registry or configuration.make_registry()
        chosen = configuration.choose_parts(found, base)
        fields = {REF_FIELD_OF_SLOT[slot]: data for slot, data in chosen.items()}
        return cls(
            base_dir=base,
            settings=configuration.settings,
            custom_instance_class_data=configuration.instance_class,
            **fields,
        )

    def part_data(self, slot: str) -> ConfigurableClassData | None:
        """Return the data of the part in a slot (`runrack.host.slots`); None when there is none."""
        data: ConfigurableClassData | None = getattr(self, REF_FIELD_OF_SLOT[slot])
        return data

    def targets(self) -> dict[str, str]:
        """Return slot to the class that fills it, as `module:class`."""
        found = {slot: self.part_data(slot) for slot in REF_FIELD_OF_SLOT}
        return {
            slot: f"{data.module_name}:{data.class_name}" for slot, data in found.items() if data is not None
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the reference as plain data that JSON can hold."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        return fields

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> InstanceRef:
        """Return the reference whose `to_dict` is `fields`.

        Raises:
            InvalidArgumentError: They are no instance reference.
        """
        try:
            return msgspec.convert(fields, cls)
        except msgspec.ValidationError:
            raise InvalidArgumentError(
                "this is no instance reference: pass what InstanceRef.to_dict gave"
            ) from None
