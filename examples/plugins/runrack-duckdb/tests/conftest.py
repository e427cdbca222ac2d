"""What lets the tests run in a clone of runrack, where this example is not installed, and in little time."""

import tomllib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROJECT = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
ONE_IN = 15
"""Of so many tests of the suites `make test` runs one; `make soak`, and pytest in this folder, run all."""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark most tests of the suites as long."""
    suites = [item for item in items if item.path == HERE / "test_duckdb_conformance.py"]
    for place, item in enumerate(suites):
        if place % ONE_IN:
            item.add_marker(pytest.mark.soak)


@pytest.fixture
def installed(request):
    """The distribution is installed: really, or as far as runrack's discovery can tell."""
    try:
        distribution(PROJECT["name"])
    except PackageNotFoundError:
        fake_dist = request.getfixturevalue("fake_dist")
        fake_dist(PROJECT["name"], PROJECT["version"], entry_points=PROJECT["entry-points"])
