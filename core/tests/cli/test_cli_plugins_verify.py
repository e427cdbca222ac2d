"""`plugins verify`, and the conformance that `plugins show` displays."""

import importlib.util
import json

import pytest

from runrack.host.conformance_report import ConformanceReport, SuiteResult, read_report

CONFORMANCE = """
from pathlib import Path
from runrack.testing.conformance.file_manager import FileManagerConformance
from acme_files import Files


class TestFiles(FileManagerConformance):
    def make_manager(self, tmp_path):
        return Files(str(tmp_path / "files"))

    def delete_file(self, file_handle):
        Path(file_handle.path_desc).unlink()

    def count_files(self, tmp_path):
        return len(list((tmp_path / "files").glob("*"))) if (tmp_path / "files").exists() else 0
"""

FILES = "from runrack_local import LocalFileManager\n\nclass Files(LocalFileManager): ...\n"
WRONG = FILES.replace("...", "\n    def write_data(self, data, ext=None): return super().write_data(data)\n")

KEEPER = """
from pathlib import Path
from runrack.host.configurable import ConfigurableClass
from runrack_memory import MemoryScheduleStorage


class Keeper(MemoryScheduleStorage):
    @classmethod
    def config_type(cls):
        return {"base_dir": str}

    @classmethod
    def from_config_value(cls, inst_data, config_value):
        assert list(Path(config_value["base_dir"]).iterdir()) == []
        return cls(inst_data)
"""

CLAIM = SuiteResult(
    "TestFiles", "file_manager", "acme", "acme_files:Files", "acme-files", "1.0", 1, passed=9, failed=0
)


@pytest.fixture
def install(fake_dist):
    """Installs a file manager with its suites, and with a report where one is given."""

    def install(source=FILES, conformance=CONFORMANCE, **files):
        modules = {
            "acme_files/__init__.py": source,
            "acme_files/conformance.py": conformance,
            **{f"acme_files/{name}": text for name, text in files.items()},
        }
        points = {
            "runrack.file_manager": {"acme": "acme_files:Files"},
            "runrack.plugin_api": {"1": "acme_files"},
        }
        return fake_dist("acme-files", entry_points=points, modules=modules)

    return install


@pytest.fixture
def keeper(fake_dist):
    """A schedule storage that needs a folder, and says nothing about suites."""
    fake_dist(
        "acme-keeper",
        entry_points={
            "runrack.schedule_storage": {"keeper": "acme_keeper:Keeper"},
            "runrack.plugin_api": {"1": "acme_keeper"},
        },
        modules={"acme_keeper/__init__.py": KEEPER},
    )


def test_a_right_plugin_is_verified(runrack, install, tmp_path):
    """The suites of the package's `conformance` module run; the report can be kept, and holds the plugin's version."""
    install()
    report = tmp_path / "report.json"
    outcome = runrack("plugins", "verify", "acme", "--report", str(report))
    assert outcome.exit_code == 0, outcome.output
    lines = outcome.stdout.splitlines()
    assert lines[0].startswith("file_manager acme of acme-files 1.0: ")
    assert lines[-1].startswith("ok: ")
    assert (read_report(report).suites[0].version, read_report(report).is_green) == ("1.0", True)


def test_a_wrong_plugin_is_found_out(runrack, install):
    """A test that fails is named with what it states; the command exits with 1."""
    install(WRONG)
    outcome = runrack("plugins", "verify", "acme_files")
    assert outcome.exit_code == 1
    assert "  test_an_extension_has_one_dot[txt]\n    states   An extension means the same" in outcome.stdout
    assert outcome.stdout.splitlines()[-1] == "failed: 14 of 47 tests fail"


def test_a_plugin_is_verified_with_a_configuration(runrack, keeper, tmp_path):
    """`{folder}` in the configuration is an empty folder for each test; the report can be printed as JSON."""
    config = tmp_path / "keeper.yaml"
    config.write_text('base_dir: "{folder}"\n')
    outcome = runrack("plugins", "verify", "keeper", "--config", str(config), "--json")
    assert outcome.exit_code == 0, outcome.output
    (result,) = json.loads(outcome.stdout)["suites"]
    assert (result["slot"], result["name"], result["failed"]) == ("schedule_storage", "keeper", 0)
    assert result["not_applicable"] == {"shares_between_processes": 1, "survives_reopen": 1}


def test_what_cannot_be_tested_is_an_error(runrack, keeper, tmp_path):
    """Where pytest does not get as far as a test, the end of what it says is shown; the command exits with 2."""
    file = tmp_path / "keeper.yaml"
    file.write_text("base_dir: x")
    outcome = runrack("plugins", "verify", "keeper", "--config", str(file), "--ability", "flies")
    assert outcome.exit_code == 2
    assert "there is no ability flies; abilities: survives_reopen" in outcome.stderr


def test_a_broken_conformance_module_is_an_error(runrack, install):
    """A `conformance` module that cannot be imported is named with its error."""
    install(conformance="import surely_not_installed\n")
    outcome = runrack("plugins", "verify", "acme")
    assert outcome.exit_code == 2
    assert "No module named 'surely_not_installed'" in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "no plugin, distribution or package of the name 'nobody' is installed"),
        (["memory", "--slot", "executor"], "is installed for the slot executor"),
        (["postgres", "--config", "CONFIG"], "choose one with --slot"),
    ],
)
def test_a_name_that_means_no_plugin_or_several_is_an_error(runrack, tmp_path, arguments, message):
    """The error says what the name could mean, and how to choose."""
    (tmp_path / "config.yaml").write_text("a: b")
    words = [str(tmp_path / "config.yaml") if word == "CONFIG" else word for word in arguments]
    outcome = runrack("plugins", "verify", *words)
    assert outcome.exit_code == 2
    assert message in outcome.stderr


def test_the_extra_is_asked_for(runrack, install, monkeypatch):
    """Without pytest one message says what to install."""
    install()
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pytest" else find_spec(name)
    )
    outcome = runrack("plugins", "verify", "acme")
    assert outcome.exit_code == 2
    assert "the conformance suites need pytest" in outcome.stderr
    assert "pip install 'runrack-core[testing]'" in outcome.stderr


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.0", "9 passed; stated by the package, made with runrack-core 0.1.0\n"),
        (
            "0.9",
            "for version 0.9, which is not the one installed: `runrack plugins verify acme --slot file_manager`",
        ),
    ],
)
def test_a_claim_is_shown(runrack, install, version, expected):
    """`plugins show` displays what the package claims, and that it is stale when it is of another version."""
    report = ConformanceReport("2026-01-02", "0.1.0", 1, "3.11.4", (CLAIM._replace(version=version),))
    install(**{"runrack-conformance.json": report.render()})
    assert expected in runrack("plugins", "show", "file_manager", "acme").stdout
    shown = json.loads(runrack("plugins", "show", "file_manager", "acme", "--json").stdout)
    (suite,) = shown["conformance"]["suites"]
    assert (suite["passed"], suite["is_stale"]) == (9, version != "1.0")


def test_a_claim_that_cannot_be_read_does_no_harm(runrack, install):
    """`plugins show` says so in place of the figures."""
    install(**{"runrack-conformance.json": "{"})
    outcome = runrack("plugins", "show", "file_manager", "acme")
    assert outcome.exit_code == 0, outcome.output
    assert "cannot be read as a conformance report" in outcome.stdout


def test_a_plugin_without_a_claim_is_shown_without(runrack):
    """A package that ships no report has no line for it."""
    assert "conformance" not in runrack("plugins", "show", "storage", "memory").stdout
