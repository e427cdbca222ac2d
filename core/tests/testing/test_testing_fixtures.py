"""What the pytest plugin brings to the tests of plugins: made-up and broken plugins, a clock, parts that answer late."""

import importlib
import signal
import subprocess
import sys

import pytest

from runrack.errors import PluginLoadError, StorageUnavailableError
from runrack.host.registry import PluginRegistry
from runrack.interfaces.storage import Storage
from runrack.testing.builders import make_entry, make_run
from runrack.testing.plugins import BROKEN_KINDS
from runrack.testing.server_process import OwnServer
from runrack.testing.slow import slow
from runrack_memory import MemoryStorage


class NoServer(OwnServer):
    """A program that ends at once."""

    title = "Nothing"
    end_signal = signal.SIGKILL

    def server_command(self):
        return [sys.executable, "-c", "print('no disk', flush=True)"]

    def probe_command(self):
        return ["false"]


def test_a_made_up_distribution_is_installed(fake_dist, isolated_plugins):
    """It is found by the host, and its modules are imported, here and in new processes."""
    points = {"runrack.storage": {"acme": "acme_made_up:Acme"}, "runrack.plugin_api": {"1": "acme_made_up"}}
    fake_dist("acme-made-up", "2.0", entry_points=points, modules={"acme_made_up.py": "Acme = 1"})
    record = PluginRegistry().get_plugin("storage", "acme")
    assert (record.distribution, record.version) == ("acme-made-up", "2.0")
    assert importlib.import_module("acme_made_up").Acme == 1
    subprocess.run([sys.executable, "-c", "import acme_made_up"], check=True)
    assert str(isolated_plugins) == sys.path[0]


def test_a_made_up_module_is_gone_afterwards():
    """What the test before this one has imported is imported no more."""
    assert "acme_made_up" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("acme_made_up")


@pytest.mark.parametrize("kind", BROKEN_KINDS)
def test_a_broken_plugin_cannot_be_used(broken_plugin, kind):
    """Each kind is listed, and refused when it is loaded."""
    broken_plugin(kind)
    registry = PluginRegistry()
    with pytest.raises(PluginLoadError, match=f"broken-{kind.replace('_', '-')} 6.6"):
        registry.load(registry.get_plugin("run_storage", kind))


def test_a_slow_plugin_is_listed_at_once(broken_plugin):
    """A plugin whose import never ends is found like any other: listing imports nothing."""
    broken_plugin("slow", slot="storage")
    assert PluginRegistry().get_plugin("storage", "slow").label == "broken-slow 6.6"
    assert "broken_slow" not in sys.modules


def test_a_clock_stands_still(manual_clock):
    """Time passes when the test says so."""
    before = manual_clock.now()
    manual_clock.advance(2.5)
    assert (manual_clock.now() - before, manual_clock.steady()) == (2.5, 2.5)


def test_a_slow_storage_answers_late():
    """Each call waits and then does what the storage does; its parts are slow, and the storage itself is not."""
    waited = []
    quick = MemoryStorage()
    late = slow(quick, 0.5, waited.append)
    assert isinstance(late, Storage)
    late.run_storage.add_run(make_run("a"))
    assert waited == [0.5]
    (record,) = late.store_events([make_entry("hello", "a")])
    assert waited == [0.5, 0.5]
    assert list(quick.event_log_storage.get_logs_for_run("a")) == [record.event_log_entry]
    assert quick.run_storage.get_runs_count() == 1
    assert waited == [0.5, 0.5]


def test_a_server_that_does_not_start_says_why():
    """The error has what the server has printed; nothing of it is left."""
    server = NoServer()
    with pytest.raises(StorageUnavailableError, match="Nothing does not start: no disk"):
        server.start()
    server.remove()
    assert not server.folder.exists()
