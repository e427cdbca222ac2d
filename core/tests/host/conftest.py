"""A folder that takes the place of site-packages."""

import importlib
import sys

import pytest


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An empty folder on `sys.path`; modules imported from it are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
