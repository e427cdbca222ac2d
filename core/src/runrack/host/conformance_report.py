"""The conformance report of a plugin's package: how its plugins did in the suites of `runrack.testing`.

It is the file `runrack-conformance.json` beside the package's `__init__.py`: a claim of its author, which `runrack plugins show`
displays and `runrack plugins verify` checks. Reading it imports nothing of the package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from runrack.errors import PluginError
from runrack.host.manifest import find_manifest_file

CONFORMANCE_FILE = "runrack-conformance.json"
CONFORMANCE_VERSION = 1

_MAX_BYTES = 4 * 1024 * 1024


class ConformanceFailure(NamedTuple):
    """A test of a suite that a plugin fails.

    Attributes:
        test: The name of the test, with its parameters.
        states: The behaviour that it checks.
        look_at: Where its author would look first; empty when the test does not say.
        error: What was raised, in one line.
    """

    test: str
    states: str
    look_at: str
    error: str


class SuiteResult(NamedTuple):
    """How one plugin did in one suite.

    Attributes:
        suite: The name of the class that inherits the suite.
        slot: The slot that the suite is for.
        name: What users call the plugin; empty when what was tested is no installed plugin.
        target: Where the plugin lies: `package.module:attribute`; empty as well.
        distribution: The distribution that declares it; empty as well.
        version: That distribution's version; empty as well.
        suite_version: The version of the suites.
        abilities: What the suite declares that the plugin can do.
        passed: How many tests passed.
        failed: How many failed.
        skipped: How many were skipped while they ran.
        not_applicable: For each ability that is not declared, how many tests need it.
        replaced: For each test that the author replaced, his reason.
        failures: The tests that failed.
    """

    suite: str
    slot: str
    name: str = ""
    target: str = ""
    distribution: str = ""
    version: str = ""
    suite_version: int = 0
    abilities: tuple[str, ...] = ()
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    not_applicable: Mapping[str, int] = {}
    replaced: Mapping[str, str] = {}
    failures: tuple[ConformanceFailure, ...] = ()

    @property
    def counts(self) -> str:
        """The figures as people read them."""
        figures = {
            "passed": self.passed,
            "failed": self.failed,
            "skipped": self.skipped,
            "not applicable": sum(self.not_applicable.values()),
            "replaced by the author": len(self.replaced),
        }
        return ", ".join(f"{count} {what}" for what, count in figures.items() if count or what == "passed")


class ConformanceReport(NamedTuple):
    """How plugins did in their suites.

    Attributes:
        made: When the suites were run, in ISO 8601.
        core: The version of runrack-core that they were run with.
        plugin_api: The plugin API of that core.
        python: The version of Python that ran them.
        suites: One result for each suite.
    """

    made: str
    core: str
    plugin_api: int
    python: str
    suites: tuple[SuiteResult, ...]

    @property
    def is_green(self) -> bool:
        """Whether something was tested, and nothing failed."""
        return bool(self.suites) and not any(result.failed for result in self.suites)

    def find(self, slot: str, target: str) -> list[SuiteResult]:
        """Return what it says about the plugin of this slot that lies at `target`."""
        return [result for result in self.suites if (result.slot, result.target) == (slot, target)]

    def as_json(self) -> dict[str, Any]:
        """Return the content of the file."""
        suites = [
            {**result._asdict(), "failures": [failure._asdict() for failure in result.failures]}
            for result in self.suites
        ]
        return {"report": CONFORMANCE_VERSION, **self._asdict(), "suites": suites}

    def render(self) -> str:
        """Return the text of the file."""
        return json.dumps(self.as_json(), indent=2) + "\n"


def read_package_report(package: str) -> ConformanceReport | None:
    """Return the report that a top-level package ships; None when it ships none. The package is not imported.

    Raises:
        PluginError: As `read_report`.
    """
    manifest = find_manifest_file(package)
    file = None if manifest is None else manifest.with_name(CONFORMANCE_FILE)
    return read_report(file) if file is not None and file.is_file() else None


def read_report(file: Path) -> ConformanceReport:
    """Return the report in a file.

    Raises:
        PluginError: It cannot be read, or is no report that this version knows.
    """
    try:
        with file.open("rb") as stream:
            return _parse(json.loads(stream.read(_MAX_BYTES)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PluginError(
            f"{file} cannot be read as a conformance report of version {CONFORMANCE_VERSION} ({type(error).__name__})",
            fix="make it again: runrack plugins verify NAME --report PATH",
        ) from None


def _parse(content: Any) -> ConformanceReport:
    if content["report"] != CONFORMANCE_VERSION:
        raise ValueError(content["report"])
    return ConformanceReport(
        made=str(content["made"]),
        core=str(content["core"]),
        plugin_api=int(content["plugin_api"]),
        python=str(content["python"]),
        suites=tuple(_parse_suite(fields) for fields in content["suites"]),
    )


def _parse_suite(fields: Mapping[str, Any]) -> SuiteResult:
    failures = tuple(ConformanceFailure(**failure) for failure in fields["failures"])
    return SuiteResult(**{**fields, "abilities": tuple(fields["abilities"]), "failures": failures})
