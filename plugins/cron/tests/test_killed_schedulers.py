"""Schedulers in processes of their own that are killed."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "schedulers.py"


def test_killed_schedulers_make_each_tick_once():
    """With three daemons, of which one is killed again and again, 60 seconds have a tick and a run each."""
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--ticks", "60", "--speed", "10", "--kill-seconds", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "60 ticks, 0 missing, 0 doubled, 0 unfinished, 60 runs" in done.stdout
