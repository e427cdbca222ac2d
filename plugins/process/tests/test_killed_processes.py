"""Whatever is killed with SIGKILL, the events tell the truth, and nothing is left running."""

import importlib.util
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("kill_harness", Path(__file__).parent / "kill_harness.py")
kill_harness = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kill_harness)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a pipe's end by a signal")
@pytest.mark.parametrize("kind", kill_harness.KINDS)
def test_events_never_lie(tmp_path, kind):
    """Of a killed step, run or tree of processes no event says what is not so, and no process outlives it by 15 s."""
    assert [kill_harness.kill_once(tmp_path, kind, seed) for seed in range(2)] == [[], []]
