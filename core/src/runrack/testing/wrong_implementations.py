"""find_accepted: shows that conformance suites reject what is wrong on purpose."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from runrack.testing.conformance.suite import Ability, ConformanceSuite

PREFIX = "Wrong"
"""What the names of the suites begin with, so that pytest does not collect them by itself."""


def find_accepted(file: Path, folder: Path) -> list[str]:
    """Return the wrong implementations of a file that pass the test that is there to find them.

    A file holds one suite class for each of them, whose attribute `rejected_by` names that test. Only these are executed,
    in one other process. A test that is parametrized has to fail for at least one of its arguments. One whose fixtures fail
    says nothing about what is tested.

    Args:
        file: The file.
        folder: For what pytest writes.

    Raises:
        AssertionError: There is no wrong implementation, or a test that is named was not executed.
    """
    named = _read_names(file)
    assert named, f"{file} holds no class {PREFIX}… with rejected_by"
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "--timeout=60", "-p", "no:cacheprovider"]
    options = [f"--junit-xml={report}", f"--rootdir={file.parent}", "-p", "runrack.testing.pytest_plugin"]
    options += ["-o", f"python_classes={PREFIX}"]
    tests = [f"{file}::{name}::{test}" for name, test in named.items()]
    done = subprocess.run(  # noqa: S603 - our own tests, in our own interpreter
        [*command, "--import-mode=importlib", *options, *tests],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    rejected: dict[str, bool] = dict.fromkeys(named, False)
    executed = set()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written by the process above
        name = case.get("classname", "").rpartition(".")[2]
        executed.add(name)
        rejected[name] |= case.find("failure") is not None
    assert executed == named.keys(), done.stdout[-2000:]
    return [name for name, is_rejected in rejected.items() if not is_rejected]


def suites_of(wrong: Mapping[type, str], make_suite: Callable[[type], type]) -> dict[str, type]:
    """Return the suites of wrong implementations, by the names that they are to have in their file.

    Args:
        wrong: Each class, and the test that is there to find it.
        make_suite: Returns the suite that holds such a class to what it should do.
    """
    return {
        PREFIX + each.__name__: type(PREFIX + each.__name__, (make_suite(each),), {"rejected_by": test})
        for each, test in wrong.items()
    }


def storage_suites(suite: type[ConformanceSuite[Any]], wrong: Mapping[type, str]) -> dict[str, type]:
    """Return the same for storages that are made without arguments and keep everything in memory."""

    def suite_of(storage_type: type) -> type:
        def make_storage(_suite: object, _tmp_path: Path) -> Any:
            return storage_type()

        abilities = frozenset({Ability.KEEPS_NUL_IN_NAMES})
        parts = {"make_storage": make_storage, "abilities": abilities, "patience_seconds": 2.0}
        return type(suite.__name__, (suite,), parts)

    return suites_of(wrong, suite_of)


def _read_names(file: Path) -> dict[str, str]:
    """Return class name to the name of its test."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    named = {name: getattr(found, "rejected_by", None) for name, found in vars(module).items()}
    return {name: test for name, test in named.items() if name.startswith(PREFIX) and isinstance(test, str)}
