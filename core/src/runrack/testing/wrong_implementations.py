"""find_rejected: shows that suites reject what is wrong on purpose."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET


def find_rejected(file: Path, report: Path) -> dict[str, bool]:
    """Return for each wrong implementation of a file whether the test that is there to find it fails.

    A file holds one suite class for each of them, whose attribute `rejected_by` names that test. Only these are executed,
    in one other process.

    Args:
        file: The file; pytest does not collect it by itself, so its name does not begin with `test_`.
        report: Where pytest may write what came of it.

    Raises:
        AssertionError: A test that is named was not executed.
    """
    named = _read_names(file)
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "--timeout=60", "-p", "no:cacheprovider"]
    options = [f"--junit-xml={report}", f"--rootdir={file.parent}", "-p", "runrack.testing.pytest_plugin"]
    tests = [f"{file}::{name}::{test}" for name, test in named.items()]
    done = subprocess.run(  # noqa: S603 - our own tests, in our own interpreter
        [*command, "--import-mode=importlib", *options, *tests], check=False, capture_output=True, text=True
    )
    found: dict[str, bool] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written by the process above
        name = case.get("classname", "").rpartition(".")[2]
        has_failed = any(case.find(kind) is not None for kind in ("failure", "error"))
        found[name] = found.get(name, False) or has_failed
    assert found.keys() == named.keys(), done.stdout[-2000:]
    return found


def _read_names(file: Path) -> dict[str, str]:
    """Return class name to the name of its test."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    named = {name: getattr(found, "rejected_by", None) for name, found in vars(module).items()}
    return {name: test for name, test in named.items() if isinstance(test, str)}
