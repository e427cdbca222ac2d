"""The suite of hooks accepts a plugin that is right."""

import sys
from pathlib import Path

import pluggy
import pytest

from runrack import hookspecs
from runrack.testing.conformance.hook_samples import HOOKS
from runrack.testing.conformance.hooks import HooksConformance
from runrack.testing.wrong_implementations import find_accepted


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    yield
    sys.modules.pop("listening", None)


class TestListening(HooksConformance):
    """A plugin that listens to every hook."""

    target = "listening"


def test_there_are_samples_of_every_hook():
    """The suite calls each hook that there is."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    specs = [name for name in vars(hookspecs) if manager.parse_hookspec_opts(hookspecs, name)]
    assert specs == list(HOOKS)


def test_every_wrong_plugin_is_rejected(tmp_path):
    """Each plugin that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__).with_name("wrong_hooks.py"), tmp_path) == []
