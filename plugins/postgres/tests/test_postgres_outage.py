"""Jobs that run while their server crashes."""

import json
import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).with_name("outage_harness.py")


def test_runs_outlive_crashes_of_the_server():
    """Jobs go on while the server is away for longer than a call waits: every event arrives once, every run succeeds."""
    done = subprocess.run(
        [sys.executable, HARNESS, "1", "3", "2"], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    names = ("failed_workers", "unsuccessful_runs", "lost", "lost_lines", "doubled", "still_waiting")
    assert {name: found[name] for name in names} == dict.fromkeys(names, 0)
    assert found["acknowledged"] > 0
    assert "events are kept in" in done.stderr
