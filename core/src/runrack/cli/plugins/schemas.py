"""How a plugin is configured: as its manifest says, or, where importing is allowed, as the plugin itself says."""

from __future__ import annotations

from typing import Protocol

from typing_extensions import override

from runrack.config.schema_reader import read_field
from runrack.config.vocabulary import Field
from runrack.errors import InvalidDefinitionError, PluginError
from runrack.host.manifest import Manifest, config_field, read_manifest, top_level_package
from runrack.host.registry import PluginRegistry


class PluginSchemas(Protocol):
    """Knows how plugins are configured."""

    def find(self, slot: str, target: str) -> Field | None:
        """Return the schema of a plugin's configuration, or None when it is not known.

        Args:
            slot: The slot that it fills.
            target: Where it lies: `package.module:attribute`.

        Raises:
            PluginError: The plugin, or what describes it, is broken.
        """
        ...


class ManifestSchemas(PluginSchemas):
    """Reads manifests; imports no plugin."""

    def __init__(self) -> None:
        self._manifests: dict[str, Manifest | None] = {}

    @override
    def find(self, slot: str, target: str) -> Field | None:
        package = top_level_package(target)
        if package not in self._manifests:
            self._manifests[package] = read_manifest(package)
        manifest = self._manifests[package]
        entry = None if manifest is None else manifest.find(slot, target)
        if entry is None or entry.config_schema is None:
            return None
        try:
            return read_field(entry.config_schema)
        except InvalidDefinitionError as error:
            raise PluginError(
                f"the manifest of {package} holds a schema that contradicts itself: {error.message}",
                fix=f"report it to the author of {package}",
            ) from None


class ImportedSchemas(PluginSchemas):
    """Imports the plugin and asks it.

    Args:
        registry: Gives the plugins.
    """

    def __init__(self, registry: PluginRegistry) -> None:
        self._registry = registry

    @override
    def find(self, slot: str, target: str) -> Field | None:
        module, _, class_name = target.partition(":")
        return config_field(target, self._registry.load_class(module, class_name, slot))
