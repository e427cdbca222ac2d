"""The manifest that a package of installed plugins should have, made by importing them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from runrack.errors import PluginError, PluginNotFoundError
from runrack.host.manifest import belongs_to, describe_distribution, find_manifest_file, top_level_package
from runrack.host.plugin_record import PluginRecord
from runrack.host.registry import PluginRegistry
from runrack.host.slots import PLUGIN_API_SLOT


class PackageManifest(NamedTuple):
    """A manifest and where it belongs.

    Attributes:
        file: The file beside the package's `__init__.py`, whether it is there or not.
        text: What it should hold.
    """

    file: Path
    text: str

    def is_current(self) -> bool:
        """Tell whether the file holds what it should."""
        return self.file.exists() and self.file.read_text(encoding="utf-8") == self.text


def make_package_manifest(registry: PluginRegistry, package: str) -> PackageManifest:
    """Return the manifest of a package's plugins, which are imported.

    Args:
        registry: The installed plugins.
        package: The import package, or the distribution.

    Raises:
        PluginError: None of its plugins is installed, they lie in several packages or in none, or one is broken.
    """
    records = [record for record in registry.list_plugins() if _is_of(record, package)]
    if not records:
        raise PluginNotFoundError(
            f"no installed plugin belongs to {package!r}", fix="install it first: pip install --editable ."
        )
    packages = {top_level_package(record.target) for record in records}
    if len(packages) > 1:
        raise PluginError(
            f"{package} has plugins in several packages: {', '.join(sorted(packages))}",
            fix="name one of them",
        )
    file = find_manifest_file(packages.pop())
    if file is None:
        raise PluginError(f"the plugins of {package!r} lie in no package", fix="put them into a package")
    manifest = describe_distribution(records, [registry.load(record) for record in records])
    return PackageManifest(file, manifest.render())


def _is_of(record: PluginRecord, package: str) -> bool:
    return record.slot != PLUGIN_API_SLOT and record.distribution is not None and belongs_to(record, package)
