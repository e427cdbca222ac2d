"""What `runrack plugins new` makes is a real plugin, which passes everything before its author changes a line."""

import itertools
import json
import tomllib
import zipfile

import pytest

from runrack.cli.plugins.kinds import CI_FILES, KINDS, LICENCES
from runrack.host.slots import SLOTS

LONG_NAME = "a-rather-long-name-of-a-plugin"
PAIRS = list(itertools.combinations(KINDS, 2))
OWN_TESTS_ONLY = "--ignore=tests/test_conformance.py"


def test_the_kinds_are_slots():
    """There is a kind for each slot."""
    assert sorted(KINDS) == sorted(SLOTS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_written_in_style(workshop, kind):
    """A project of each kind passes its own linter and formatter, declares its entry points and ships its manifest."""
    folder = workshop.make("acme-pg", [kind])
    workshop.check_style(folder)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert set(project["entry-points"]) == {"runrack.plugin_api", f"runrack.{kind}"}
    manifest = json.loads((folder / "src/acme_pg/runrack_plugin.json").read_text())
    assert [(entry["slot"], entry["name"]) for entry in manifest["plugins"]] == [(kind, "acme_pg")]


@pytest.mark.parametrize("name", ["a", "runrack-acme", LONG_NAME])
def test_any_name_is_written_in_style(workshop, name):
    """A project of all kinds passes its own linter and formatter, whatever it is called."""
    workshop.check_style(workshop.make(name, KINDS))


def test_the_types_of_all_kinds_are_right(workshop):
    """A project of all kinds passes its own strict type check."""
    workshop.check_types(workshop.make("acme-pg", KINDS))


@pytest.mark.parametrize("licence", LICENCES)
@pytest.mark.parametrize("ci", CI_FILES)
def test_licence_and_checks_are_chosen(workshop, licence, ci):
    """The licence stands in its file with its holder, and in the metadata; the file of checks is there where one is wanted."""
    folder = workshop.make("acme-pg", ["hooks"], f"--licence={licence}", "--author=Ann Author", f"--ci={ci}")
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["license"] == ("LicenseRef-Proprietary" if licence == "proprietary" else licence)
    assert project["authors"] == [{"name": "Ann Author"}]
    text = (folder / "LICENSE").read_text()
    assert ("Copyright (c) Ann Author" in text) != (licence == "Apache-2.0")
    assert (folder / ".github/workflows/check.yml").exists() == (ci == "github")


def test_a_wheel_holds_the_package(workshop, house_wheels):
    """The wheel holds the package with its marker of types and its manifest, and no tests; so does the core's the template."""
    folder = workshop.make("acme-pg", ["hooks"])
    names = {name for name in zipfile.ZipFile(workshop.build(folder)).namelist() if ".dist-info/" not in name}
    own = ("__init__.py", "conformance.py", "hooks.py", "py.typed", "runrack_plugin.json")
    assert names == {f"acme_pg/{name}" for name in own}
    (core,) = house_wheels.glob("runrack_core-*.whl")
    assert "runrack/plugin_template/copier.yml" in zipfile.ZipFile(core).namelist()


@pytest.mark.parametrize(
    "kinds", [("artifact_storage", "compute_log_manager"), ("file_manager",)], ids="+".join
)
def test_a_sample_passes_in_a_clean_environment(workshop, kinds):
    """Projects whose tests are quick pass them all, as a wheel in an environment of their own."""
    workshop.prove(workshop.make("acme-pg", kinds))


@pytest.mark.parametrize("kinds", [("run_storage", "schedule_storage")], ids="+".join)
def test_a_pair_is_found_in_a_clean_environment(workshop, kinds):
    """Two kinds in one distribution pass the tests of its own, as a wheel in an environment of its own."""
    workshop.prove(workshop.make("acme-pg", kinds), OWN_TESTS_ONLY)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_passes_in_a_clean_environment(workshop, kind):
    """A project of each kind passes its suite and all its tests, as a wheel in an environment of its own."""
    workshop.prove(workshop.make(f"acme-{kind.replace('_', '-')}", [kind]))


@pytest.mark.soak
@pytest.mark.parametrize("kinds", PAIRS, ids="+".join)
def test_each_pair_passes_in_a_clean_environment(workshop, kinds):
    """Two kinds in one distribution pass its style gates and the tests of its own, as a wheel in a new environment."""
    folder = workshop.make("acme-pg", kinds)
    workshop.check_style(folder)
    workshop.prove(folder, OWN_TESTS_ONLY, doctor=())  # each kind by itself is imported by the test above
