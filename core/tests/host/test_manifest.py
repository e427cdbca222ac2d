"""Manifests: what is known of a plugin's configuration without importing it."""

import json

import pytest

from runrack.config.vocabulary import Field, Map, Noneable, Selector
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


@pytest.mark.parametrize(
    ("declared", "api"), [((), ("1.0",)), (((1, 4),), ("1.4",)), (((1, 4), (2, 0)), ("1.4", "2.0"))]
)
def test_the_versions_of_the_interface_are_those_of_the_distribution(declared, api):
    """The alternatives that a distribution declares for the slot are copied; one that declares none was made for 1.0."""
    assert describe_plugin(RECORD._replace(slot_api=declared), Slow).api == api


def test_what_is_not_configurable_has_no_schema():
    """An executor definition or a module of hooks is described without a schema."""
    assert describe_plugin(RECORD, object()).config_schema is None


def test_abilities_are_the_protocols_that_a_class_has():
    """A class that has every member of a `Supports…` protocol has that ability; one that takes a member away has not."""

    class Patient(Slow):
        patience_seconds = 5.0

        def patience(self, seconds): ...

    class Impatient(Patient):
        patience = None

    abilities = [describe_plugin(RECORD, found).abilities for found in (Slow, Patient, Impatient)]
    assert abilities == [(), ("SupportsPatience",), ()]


def test_secret_paths_lead_to_what_is_declared_secret():
    """Fields with is_secret=True are found in mappings, lists, maps and alternatives."""

    class Guarded(Slow):
        @classmethod
        def config_type(cls):
            return {
                "db": {"password": Field(str, is_secret=True), "host": Field(str, is_secret=False)},
                "users": [{"pin": Field(int, is_secret=True)}],
                "headers": Map({"value": Field(str, is_secret=True)}),
                "auth": Noneable(Selector({"key": Field(str, is_secret=True), "none": {}})),
                "all": Field({"of": str, "them": str}, is_secret=True),
                "plain": str,
            }

    assert describe_plugin(RECORD, Guarded).secret_paths == (
        ("all",),
        ("auth", "key"),
        ("db", "password"),
        ("headers", "*", "value"),
        ("users", "*", "pin"),
    )


def test_a_later_manifest_is_read_without_what_is_new(package):
    """A field that this version does not know is left out; one that an older writer left out is empty."""
    plugin = {"slot": "scheduler", "name": "slow", "target": "acme_slow:Slow", "colour": "red"}
    content = {"manifest": 1, "distribution": "acme-slow", "plugins": [plugin]}
    (package / "runrack_plugin.json").write_text(json.dumps(content))
    manifest = read_manifest("acme_slow")
    assert manifest is not None
    assert manifest.plugins == (ManifestEntry("scheduler", "slow", "acme_slow:Slow"),)


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
