"""Fixtures for the tests of plugins: plugins that are made up, plugins that are broken, a clock that stands still."""

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from runrack.host.policy import BLOCK_VARIABLE, SAFE_MODE_VARIABLE
from runrack.testing.clock import ManualClock
from runrack.testing.plugins import BrokenKind, broken_distribution, fake_distribution


class FakeDist(Protocol):
    """Installs a made-up distribution."""

    def __call__(
        self,
        name: str,
        version: str = "1.0",
        *,
        entry_points: Mapping[str, Mapping[str, str]] | None = None,
        modules: Mapping[str, str] | None = None,
    ) -> Path:
        """Return the metadata folder of a distribution that was written as an installer would.

        Args:
            name: Name of the distribution.
            version: Its version.
            entry_points: For each group the names and their values.
            modules: For each file, as a path such as `acme/runs.py`, its source.
        """
        ...


class BrokenPlugin(Protocol):
    """Installs a plugin that cannot be used."""

    def __call__(self, kind: BrokenKind, slot: str = "run_storage") -> Path:
        """Return the metadata folder of the distribution `broken-<kind>`, whose plugin has the name `<kind>`.

        Args:
            kind: What is wrong with the plugin.
            slot: The slot that it claims to fill.
        """
        ...


@pytest.fixture
def isolated_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder before all others on `sys.path`, and on that of new processes.

    What is installed into it is gone after the test, its imported modules included. The index of plugins lies in a folder of
    the test's own, and neither safe mode nor a list of blocked plugins reaches the test from outside.
    """
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    later = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *([later] if later else [])]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for variable in (BLOCK_VARIABLE, SAFE_MODE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    importlib.invalidate_caches()
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def fake_dist(isolated_plugins: Path) -> FakeDist:
    """Installs made-up distributions into `isolated_plugins`."""

    def install(
        name: str,
        version: str = "1.0",
        *,
        entry_points: Mapping[str, Mapping[str, str]] | None = None,
        modules: Mapping[str, str] | None = None,
    ) -> Path:
        return fake_distribution(isolated_plugins, name, version, entry_points, modules)

    return install


@pytest.fixture
def broken_plugin(isolated_plugins: Path) -> BrokenPlugin:
    """Installs broken plugins into `isolated_plugins`."""

    def install(kind: BrokenKind, slot: str = "run_storage") -> Path:
        return broken_distribution(isolated_plugins, kind, slot)

    return install


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that stands still until the test moves it."""
    return ManualClock()
