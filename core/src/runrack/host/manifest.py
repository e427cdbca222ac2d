"""The manifest of a plugin's package: what its plugins are and how they are configured, known without importing them.

It is the file `runrack_plugin.json` beside the package's `__init__.py`. `runrack plugins manifest` writes it; a test of the plugin
keeps it true. Without one a plugin works as well, but its configuration is checked only when the plugin is imported.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runrack.config.secret_path import SecretPath, secret_paths
from runrack.errors import InvalidDefinitionError, PluginError
from runrack.host.distribution import canonical_name
from runrack.host.plugin_record import PluginRecord

if TYPE_CHECKING:
    from runrack.config.vocabulary import Field

MANIFEST_FILE = "runrack_plugin.json"
MANIFEST_VERSION = 1

_MAX_BYTES = 4 * 1024 * 1024


class ManifestEntry(NamedTuple):
    """What a manifest says about one plugin.

    Attributes:
        slot: The slot that it fills.
        name: What users call it.
        target: Where it lies: `package.module:attribute`.
        summary: The first paragraph of its docstring.
        config_schema: The JSON Schema of its configuration, references under `#/$defs/reference`; None when it has none.
        abilities: The names of the `Supports…` protocols that it has.
        secret_paths: Where its configuration holds secrets, as `runrack.config.secret_path` reads them from the schema.
        api: The versions of the slot's interface that it was made for, such as `1.4`, as its distribution declares them.
    """

    slot: str
    name: str
    target: str
    summary: str = ""
    config_schema: Mapping[str, Any] | None = None
    abilities: tuple[str, ...] = ()
    secret_paths: tuple[SecretPath, ...] = ()
    api: tuple[str, ...] = ()


class Manifest(NamedTuple):
    """The plugins of one distribution."""

    distribution: str
    plugins: tuple[ManifestEntry, ...]

    def render(self) -> str:
        """Return the text of the file: the same for the same plugins."""
        plugins = [entry._asdict() for entry in sorted(self.plugins)]
        content = {"manifest": MANIFEST_VERSION, "distribution": self.distribution, "plugins": plugins}
        return json.dumps(content, indent=2) + "\n"

    def find(self, slot: str, target: str) -> ManifestEntry | None:
        """Return what it says about the plugin of this slot that lies at `target`, or None."""
        same = [entry for entry in self.plugins if (entry.slot, entry.target) == (slot, target)]
        return same[0] if same else None


def describe_distribution(records: Sequence[PluginRecord], loaded: Sequence[object]) -> Manifest:
    """Return the manifest of a distribution.

    Args:
        records: Its plugins, at least one.
        loaded: The object of each, in the same order.
    """
    entries = [describe_plugin(record, found) for record, found in zip(records, loaded, strict=True)]
    return Manifest(records[0].distribution or "", tuple(entries))


def describe_plugin(record: PluginRecord, found: object) -> ManifestEntry:
    """Return what a manifest says about a plugin whose object is `found`.

    Raises:
        PluginError: As `config_field`.
    """
    from runrack.host.ability import abilities_of  # imports every interface

    summary = " ".join((inspect.getdoc(found) or "").partition("\n\n")[0].split())
    schema = _schema_of(record, found)
    return ManifestEntry(
        record.slot,
        record.name,
        record.target,
        summary,
        schema,
        abilities_of(found),
        tuple(secret_paths(schema or {})),
        record.needed_api,
    )


def config_field(target: str, found: object) -> Field | None:
    """Return how a plugin is configured, as it says itself; None for one that is not configured in `runrack.yaml`.

    Args:
        target: Where it lies: `package.module:attribute`.
        found: The plugin.

    Raises:
        PluginError: Its `config_type()` raises, or gives no config.
    """
    from runrack.config.vocabulary import resolve_field
    from runrack.host.configurable import ConfigurableClass

    if not (isinstance(found, type) and issubclass(found, ConfigurableClass)):
        return None
    try:
        return resolve_field(found.config_type())
    except Exception as error:
        what = error.message if isinstance(error, InvalidDefinitionError) else type(error).__name__
        raise PluginError(
            f"config_type() of {target} gives no config: {what}", fix="report it to the plugin's author"
        ) from error


def find_manifest_file(package: str) -> Path | None:
    """Return where the manifest of a top-level package lies or would lie; None when there is no such package.

    The package is not imported.
    """
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(folders[0], MANIFEST_FILE) if folders else None


def read_manifest(package: str) -> Manifest | None:
    """Return the manifest of a top-level package; None when it has none. The package is not imported.

    Raises:
        PluginError: It cannot be read, or is no manifest that this version knows.
    """
    file = find_manifest_file(package)
    if file is None or not file.is_file():
        return None
    try:
        with file.open("rb") as stream:
            return _parse(json.loads(stream.read(_MAX_BYTES)))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PluginError(
            f"{file} cannot be read as a manifest of version {MANIFEST_VERSION} ({type(error).__name__})",
            fix=f"reinstall its distribution, or write it anew: runrack plugins manifest {package}",
        ) from None


def top_level_package(target: str) -> str:
    """Return the package that `package.module:attribute` begins with."""
    return target.partition(":")[0].partition(".")[0].strip()


def belongs_to(record: PluginRecord, package: str) -> bool:
    """Tell whether a plugin is one of the distribution of this name, or lies in the package of this name."""
    return canonical_name(record.distribution or "") == canonical_name(package) or (
        top_level_package(record.target) == package
    )


def _parse(content: Any) -> Manifest:
    if content["manifest"] != MANIFEST_VERSION:
        raise ValueError(content["manifest"])
    return Manifest(str(content["distribution"]), tuple(map(_parse_entry, content["plugins"])))


def _parse_entry(content: Mapping[str, Any]) -> ManifestEntry:
    """Read one entry; what a later version has added to it is left out."""
    known = {name: value for name, value in content.items() if name in ManifestEntry._fields}
    known["abilities"] = tuple(content.get("abilities", ()))
    known["api"] = tuple(content.get("api", ()))
    known["secret_paths"] = tuple(map(tuple, content.get("secret_paths", ())))
    return ManifestEntry(**known)


def _schema_of(record: PluginRecord, found: object) -> dict[str, Any] | None:
    field = config_field(record.target, found)
    return None if field is None else field.json_schema()
