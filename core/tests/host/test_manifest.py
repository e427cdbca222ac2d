"""Manifests: what is known of a plugin's configuration without importing it."""

import json

import pytest

from runrack.config.vocabulary import Field
from runrack.errors import PluginError
from runrack.host.configurable import ConfigurableClass
from runrack.host.manifest import Manifest, ManifestEntry, describe_plugin, find_manifest_file, read_manifest
from runrack.host.plugin_record import PluginRecord

RECORD = PluginRecord("scheduler", "slow", "acme_slow.main:Slow", "acme-slow", "1.0")


class Slow(ConfigurableClass):
    """Runs things when they are no longer wanted.

    That is, later.
    """

    inst_data = None

    @classmethod
    def config_type(cls):
        return {"delay": Field(int, default_value=5)}

    @classmethod
    def from_config_value(cls, inst_data, config_value):
        return cls()


@pytest.fixture
def package(site):
    """A package that cannot be imported."""
    folder = site / "acme_slow"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n")
    return folder


def test_a_plugin_is_described_by_itself():
    """The summary is the first paragraph of the docstring, the schema that of `config_type`."""
    entry = describe_plugin(RECORD, Slow)
    assert (entry.slot, entry.name, entry.target) == RECORD[:3]
    assert entry.summary == "Runs things when they are no longer wanted."
    assert entry.config_schema["properties"]["delay"]["default"] == 5


def test_what_is_not_configurable_has_no_schema():
    """An executor definition or a module of hooks is described without a schema."""
    assert describe_plugin(RECORD, object()).config_schema is None


def test_a_config_type_that_is_none_names_the_plugin():
    """What `config_type` gives is checked when the manifest is written."""

    class Wrong(Slow):
        @classmethod
        def config_type(cls):
            return 5

    with pytest.raises(PluginError, match=r"config_type\(\) of acme_slow\.main:Slow gives no config"):
        describe_plugin(RECORD, Wrong)


def test_a_config_type_that_raises_names_the_plugin():
    """What the plugin's code raises is its own fault, not a bug of runrack."""

    class Wrong(Slow):
        @classmethod
        def config_type(cls):
            return 1 / 0

    with pytest.raises(PluginError, match="gives no config: ZeroDivisionError"):
        describe_plugin(RECORD, Wrong)


def test_a_manifest_is_read_without_importing_the_package(package):
    """What was written is read back, and the order of the plugins does not matter."""
    entries = [ManifestEntry("scheduler", "b", "acme_slow:B"), describe_plugin(RECORD, Slow)]
    text = Manifest("acme-slow", tuple(entries)).render()
    assert text == Manifest("acme-slow", tuple(reversed(entries))).render()
    (package / "runrack_plugin.json").write_text(text)
    manifest = read_manifest("acme_slow")
    assert manifest is not None
    assert manifest.distribution == "acme-slow"
    assert manifest.find("scheduler", "acme_slow.main:Slow") == entries[1]
    assert manifest.find("storage", "acme_slow.main:Slow") is None


def test_a_package_without_a_manifest(package):
    """No file is no error, and neither is no package."""
    assert read_manifest("acme_slow") is None
    assert find_manifest_file("acme_slow") == package / "runrack_plugin.json"
    assert find_manifest_file("acme_nonesuch") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "5",
        '{"manifest": 2, "distribution": "a", "plugins": []}',
        '{"manifest": 1, "distribution": "a"}',
        '{"manifest": 1, "distribution": "a", "plugins": [{"what": 1}]}',
        '{"manifest": 1, "distribution": "a", "plugins": 5}',
    ],
)
def test_a_damaged_manifest_is_one_error(package, content):
    """Whatever is wrong with the file, the error names it and says how to write it anew."""
    file = package / "runrack_plugin.json"
    file.write_text(content)
    with pytest.raises(PluginError) as caught:
        read_manifest("acme_slow")
    assert str(file) in caught.value.message
    assert "runrack plugins manifest acme_slow" in caught.value.message


def test_the_text_of_a_manifest_is_json():
    """The file is indented JSON that ends with a line break."""
    text = Manifest("acme", ()).render()
    assert text.endswith("}\n")
    assert json.loads(text) == {"manifest": 1, "distribution": "acme", "plugins": []}
