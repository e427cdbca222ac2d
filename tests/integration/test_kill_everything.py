"""The short form of `benchmarks/kill_everything.py`."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "kill_everything.py"


def test_runs_come_to_an_end_whatever_is_killed():
    """A worker is killed, then everything: each run is resumed or fails with a reason; no slot and no process is left."""
    done = subprocess.run([sys.executable, BENCHMARK, "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 slots held, 0 processes left" in done.stdout
