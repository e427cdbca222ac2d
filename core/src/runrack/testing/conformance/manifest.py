"""ManifestConformance: the manifest that a package ships says what its plugins say."""

import json
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from runrack.config.schema_reader import read_field
from runrack.errors import InvalidDefinitionError
from runrack.host.manifest import Manifest, read_manifest
from runrack.host.package_manifest import PackageManifest, make_package_manifest
from runrack.host.registry import PluginRegistry


class ManifestConformance:
    """The tests of `runrack_plugin.json`, for the plugins of one installed distribution.

    Attributes:
        package: The import package that the plugins lie in.
    """

    package: ClassVar[str]

    @override
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not getattr(cls, "package", ""):
            raise InvalidDefinitionError(f"{cls.__name__} needs `package`: the import package of the plugins")

    @pytest.fixture
    def wanted(self) -> PackageManifest:
        """The manifest as the plugins are now."""
        return make_package_manifest(PluginRegistry(), self.package)

    @pytest.fixture
    def shipped(self) -> Manifest:
        """The manifest that the package ships."""
        shipped = read_manifest(self.package)
        assert shipped is not None, f"there is none: run `runrack plugins manifest {self.package}`"
        return shipped

    def test_the_manifest_is_up_to_date(self, wanted: PackageManifest, shipped: Manifest) -> None:
        """The file is what `runrack plugins manifest` would write.

        If it fails: run that command after every change of a docstring, a `config_type` or an entry point, those of
        `runrack.plugin_api` too, and make the file part of the package's data.
        """
        assert shipped.render() == wanted.text
        assert wanted.is_current(), f"run `runrack plugins manifest {self.package}`"

    def test_the_schemas_lead_back(self, shipped: Manifest) -> None:
        """What is known of the configuration without importing the plugin is all that the plugin says.

        If it fails: a config type of your own has a JSON Schema that runrack's vocabulary cannot say; derive it from the one
        that comes nearest.
        """
        for entry in shipped.plugins:
            if entry.config_schema is not None:
                read = read_field(entry.config_schema).json_schema()
                assert json.loads(json.dumps(read)) == entry.config_schema, f"{entry.slot} {entry.name}"
