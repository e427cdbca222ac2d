"""The suite for manifests: green for a shipped plugin, red for a manifest that lags behind."""

from pathlib import Path

import pytest

from runrack.config.vocabulary import Field
from runrack.errors import InvalidDefinitionError
from runrack.host.manifest import Manifest, read_manifest
from runrack.host.package_manifest import make_package_manifest
from runrack.host.registry import PluginRegistry
from runrack.testing.conformance.manifest import ManifestConformance


class TestLocalManifest(ManifestConformance):
    """The manifest of a real plugin."""

    package = "runrack_local"


def test_a_stale_manifest_is_rejected(tmp_path: Path):
    """A manifest with another summary, or none at all, is not up to date."""
    suite = TestLocalManifest()
    wanted = make_package_manifest(PluginRegistry(), "runrack_local")
    shipped = read_manifest("runrack_local")
    assert shipped is not None
    first, *others = shipped.plugins
    stale = Manifest(shipped.distribution, (first._replace(summary="It was once."), *others))
    with pytest.raises(AssertionError):
        suite.test_the_manifest_is_up_to_date(wanted, stale)
    with pytest.raises(AssertionError):
        suite.test_the_manifest_is_up_to_date(wanted._replace(file=tmp_path / "none.json"), shipped)


def test_a_schema_that_does_not_lead_back_is_rejected():
    """A schema that the vocabulary cannot say would leave values unchecked."""
    shipped = read_manifest("runrack_local")
    assert shipped is not None
    foreign = {**Field(str).json_schema(), "minLength": 3}
    lossy = Manifest("acme", (shipped.plugins[0]._replace(config_schema=foreign),))
    with pytest.raises(AssertionError):
        TestLocalManifest().test_the_schemas_lead_back(lossy)


def test_a_suite_names_its_package():
    """Without a package there is nothing to test."""
    with pytest.raises(InvalidDefinitionError, match="needs `package`"):
        type("TestNothing", (ManifestConformance,), {})
