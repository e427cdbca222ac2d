"""The verification of a plugin: the suites of `runrack.testing` run against it, by pytest in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from runrack.errors import PluginError
from runrack.host.conformance_report import ConformanceReport, read_report
from runrack.host.manifest import belongs_to, find_manifest_file
from runrack.host.plugin_record import PluginRecord

CONFORMANCE_MODULE = "conformance"
"""The module of a plugin's package that says how its plugins are made for the suites."""

_POSITION = re.compile(r"\[ *(\d+)/(\d+)\]$")
_TAIL = 15
_RESULTS_WERE_WRITTEN = frozenset({0, 1})  # pytest's exit codes for "all passed" and "some failed"


class ConfiguredPlugin(NamedTuple):
    """A plugin that is verified with a configuration, rather than as its package says.

    Attributes:
        slot: The slot that it fills.
        target: Where it lies: `package.module:attribute`.
        config: Its configuration.
        abilities: What it can do, by the values of `Ability`.
    """

    slot: str
    target: str
    config: dict[str, Any]
    abilities: Sequence[str]

    @property
    def source(self) -> str:
        """The source of a module that holds its suite."""
        arguments = ", ".join(
            repr(value) for value in (self.slot, self.target, self.config, tuple(self.abilities))
        )
        return (
            "from runrack.testing.conformance.configured import configured_suite\n\n"
            f"TestConfigured = configured_suite({arguments})\n"
        )


def find_conformance_file(package: str) -> Path | None:
    """Return the file with which a top-level package says how its plugins are made for the suites, or None.

    The package is not imported.
    """
    manifest = find_manifest_file(package)
    file = None if manifest is None else manifest.with_name(f"{CONFORMANCE_MODULE}.py")
    return file if file is not None and file.is_file() else None


def require_testing_extra() -> None:
    """Check that the suites can be run.

    Raises:
        PluginError: pytest or hypothesis is not installed.
    """
    missing = [name for name in ("pytest", "hypothesis") if importlib.util.find_spec(name) is None]
    if missing:
        raise PluginError(
            f"the conformance suites need {' and '.join(missing)}, which not everybody who runs jobs installs",
            fix="pip install 'runrack-core[testing]'",
        )


def verify_package(
    package: str, slots: Sequence[str], on_progress: Callable[[int, int], None]
) -> ConformanceReport:
    """Return how the plugins of a package do in the suites that its `conformance.py` holds.

    Args:
        package: The import package.
        slots: Only the suites of these slots.
        on_progress: Called after each test with how many are done, and how many there are.

    Raises:
        PluginError: The suites cannot be run.
    """
    options = [f"--conformance-slot={slot}" for slot in slots]
    return _run([*options, "--pyargs", f"{package}.{CONFORMANCE_MODULE}"], on_progress)


def verify_configured(plugin: ConfiguredPlugin, on_progress: Callable[[int, int], None]) -> ConformanceReport:
    """Return how one plugin does in the suite of its slot, made from a configuration.

    Raises:
        PluginError: The suite cannot be run.
    """
    with tempfile.TemporaryDirectory(prefix="runrack-verify-") as folder:
        file = Path(folder, "test_configured.py")
        file.write_text(plugin.source, encoding="utf-8")
        return _run([str(file)], on_progress)


def _run(arguments: Sequence[str], on_progress: Callable[[int, int], None]) -> ConformanceReport:
    with tempfile.TemporaryDirectory(prefix="runrack-verify-") as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        report = folder / "report.json"
        code, tail = _run_pytest(folder, [f"--conformance-report={report}", *arguments], on_progress)
        if code not in _RESULTS_WERE_WRITTEN or not report.is_file():
            raise PluginError(
                "the suites cannot be run; the end of what pytest says:\n  " + "\n  ".join(tail),
                fix="correct the plugin's conformance.py, or the configuration given with --config",
            )
        return read_report(report)


def _run_pytest(
    folder: Path, arguments: Sequence[str], on_progress: Callable[[int, int], None]
) -> tuple[int, list[str]]:
    """Return the exit code of pytest and the last lines of its output."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "runrack.testing.pytest_plugin",
        f"-c{folder / 'pytest.ini'}",
        f"--rootdir={folder}",
        f"--basetemp={folder / 'parts'}",
        "-pno:cacheprovider",
        "--import-mode=importlib",
        "--color=no",
        "--tb=short",
        "-v",
        "-oconsole_output_style=count",
        *arguments,
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
        "COLUMNS": "400",
    }
    with subprocess.Popen(  # noqa: S603 # the interpreter of this process, with options made here
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    ) as process:
        tail = _follow(process.stdout, on_progress) if process.stdout is not None else []
    return process.returncode, tail


def _follow(output: IO[str], on_progress: Callable[[int, int], None]) -> list[str]:
    tail: list[str] = []
    for line in output:
        tail = [*tail[1 - _TAIL :], line.strip("= \n")]
        position = _POSITION.search(tail[-1])
        if position is not None:
            on_progress(int(position[1]), int(position[2]))
    return tail


def plugins_named(records: Sequence[PluginRecord], name: str) -> list[PluginRecord]:
    """Return the plugins that a name may mean: those of this name, or else all of the distribution or package."""
    return [record for record in records if record.name == name] or [
        record for record in records if record.distribution and belongs_to(record, name)
    ]
