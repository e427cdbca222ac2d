"""The distribution declares what it holds."""

import pytest
from runrack.host.plugin_record import PluginState
from runrack.host.registry import PluginRegistry
from runrack.testing.conformance.manifest import ManifestConformance

NAME = "duckdb"
pytestmark = pytest.mark.usefixtures("installed")


class TestManifest(ManifestConformance):
    """`runrack_plugin.json` says what the code says; `runrack plugins manifest runrack_duckdb` writes it anew."""

    package = "runrack_duckdb"


@pytest.mark.parametrize(
    "slot",
    [
        "run_storage",
        "event_log_storage",
    ],
)
def test_the_plugins_are_found(slot):
    """The plugin is installed under its name, in each of its slots, and nothing keeps it from being used."""
    (found,) = [record for record in PluginRegistry().list_plugins(slot) if record.name == NAME]
    assert found.state is PluginState.FOUND
