"""The report of the conformance suites: what it counts, and how it is read again."""

import json
import subprocess
import sys

import pytest

from runrack.errors import PluginError
from runrack.host.conformance_report import (
    ConformanceFailure,
    ConformanceReport,
    SuiteResult,
    read_package_report,
    read_report,
)
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.suite import ConformanceSuite
from runrack.testing.conformance_recorder import hint_of, slot_of

SUITES = """
from runrack.testing.conformance.file_manager import FileManagerConformance
from runrack.testing.conformance.suite import overrides
from runrack_local import LocalFileManager


class Wrong(LocalFileManager):
    def write_data(self, data, ext=None):
        return super().write_data(data)


class TestFiles(FileManagerConformance):
    def make_manager(self, tmp_path):
        return LocalFileManager(str(tmp_path / "files"))

    def delete_file(self, file_handle): ...
    def count_files(self, tmp_path): ...

    @overrides("it cannot")
    def test_a_missing_file_is_not_found(self): ...

    def test_of_my_own(self): ...


class TestWrong(TestFiles):
    def make_manager(self, tmp_path):
        return Wrong(str(tmp_path / "files"))


def test_alone(): ...
"""

REPORT = ConformanceReport(
    made="2026-01-02T03:04:05+00:00",
    core="0.1.0",
    plugin_api=1,
    python="3.11.4",
    suites=(
        SuiteResult(
            suite="TestMine",
            slot="run_storage",
            name="mine",
            target="acme_mine:Mine",
            distribution="acme-mine",
            version="1.2",
            suite_version=1,
            abilities=("survives_reopen",),
            passed=148,
            failed=1,
            skipped=2,
            not_applicable={"keeps_nul_in_names": 3, "shares_between_processes": 1},
            replaced={"test_x": "it cannot"},
            failures=(ConformanceFailure("test_y", "It holds.", "the lock", "AssertionError"),),
        ),
    ),
)


@pytest.fixture
def report(tmp_path):
    """What pytest reports of two suites, one of which is of a wrong file manager."""
    file = tmp_path / "test_files.py"
    file.write_text(SUITES)
    tests = "one_dot or of_my_own or not_found or alone or utf_8"
    options = ["-p", "runrack.testing.pytest_plugin", "-p", "no:cacheprovider", "-q", "-k", tests]
    path = tmp_path / "report.json"
    command = [sys.executable, "-m", "pytest", str(file), f"--conformance-report={path}", *options]
    assert subprocess.run(command, capture_output=True, cwd=tmp_path, check=False).returncode == 1
    return read_report(path)


def test_a_report_counts_the_tests_of_the_kit(report):
    """Tests that the kit brings are counted by suite; those that the author wrote or replaced are not."""
    right, wrong = report.suites
    assert (right.suite, right.slot, right.passed, right.failed) == ("TestFiles", "file_manager", 3, 0)
    assert right.replaced == {"test_a_missing_file_is_not_found": "it cannot"}
    assert (wrong.suite, wrong.passed, wrong.failed) == ("TestWrong", 1, 2)
    assert not report.is_green


def test_a_report_names_the_plugin_that_was_tested(report):
    """The installed plugin is found by its object; what is none has no name."""
    right, wrong = report.suites
    assert (right.name, right.target, right.distribution) == (
        "local",
        "runrack_local:LocalFileManager",
        "runrack-local",
    )
    assert (wrong.name, wrong.target, wrong.version) == ("", "", "")


def test_a_report_says_what_failed(report):
    """A failure has the test with its parameter, what it states, and the error in one line."""
    failure = report.suites[1].failures[0]
    assert failure.test == "test_an_extension_has_one_dot[txt]"
    assert failure.states == "An extension means the same with and without its dot."
    assert failure.error.startswith("AssertionError: assert False")


def test_a_report_is_read_as_it_was_written(tmp_path):
    """What is rendered is read again, and says it in figures that people read."""
    file = tmp_path / "report.json"
    file.write_text(REPORT.render())
    assert read_report(file) == REPORT
    assert (
        REPORT.suites[0].counts
        == "148 passed, 1 failed, 2 skipped, 4 not applicable, 1 replaced by the author"
    )
    assert REPORT.find("run_storage", "acme_mine:Mine") == list(REPORT.suites)
    assert REPORT.find("storage", "acme_mine:Mine") == []


def test_nothing_tested_is_not_green():
    """A report without suites proves nothing."""
    assert not REPORT._replace(suites=()).is_green
    assert REPORT._replace(suites=(SuiteResult("TestMine", "storage", passed=1),)).is_green


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({**REPORT.as_json(), "report": 2})])
def test_what_is_no_report_is_refused(tmp_path, content):
    """A file that is damaged, or of another version, is an error that says how to make it again."""
    file = tmp_path / "runrack-conformance.json"
    file.write_text(content)
    with pytest.raises(PluginError, match="cannot be read as a conformance report"):
        read_report(file)


def test_the_report_of_a_package_is_read_without_importing_it(fake_dist):
    """It lies beside the package's `__init__.py`."""
    modules = {
        "acme_mine/__init__.py": "raise RuntimeError",
        "acme_mine/runrack-conformance.json": REPORT.render(),
    }
    fake_dist("acme-mine", modules=modules)
    assert read_package_report("acme_mine") == REPORT
    assert read_package_report("runrack_surely_not_there") is None


def test_the_slot_of_a_suite_is_found():
    """A class that inherits a suite is for the slot that the suite's module is named after; others are for none."""
    assert slot_of(type("Mine", (RunStorageConformance,), {})) == "run_storage"
    assert slot_of(ConformanceSuite) is None


def test_a_hint_is_what_follows_the_first_paragraph():
    """The first paragraph of a docstring says what holds, the rest where to look."""

    def test():
        """It holds.

        Look at
        the lock.
        """

    assert hint_of(test) == ("It holds.", "Look at the lock.")
    assert hint_of(None) == ("", "")
