"""Short forms of the experiments of benchmarks/run_queue.py: real daemons, real kills."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("queue_harness.py")


def experiment(*arguments):
    """Run an experiment and return its figures."""
    done = subprocess.run(
        [sys.executable, HARNESS, *arguments], check=True, capture_output=True, text=True, timeout=300
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mariadb"])
def test_each_run_is_launched_once(kind):
    """Three daemons that share a queue launch each of its runs exactly once."""
    found = experiment("drain", kind, "200", "3")
    assert (found["launches"], found["runs"], found["runs_with_a_worker"]) == (200, 200, 200)


def test_a_killed_daemon_costs_no_run():
    """With daemons killed again and again, no claim is launched twice, and every run gets its one worker."""
    found = experiment("drain", "sqlite", "200", "2", "0.5")
    assert found["launches_of_one_claim_twice"] == 0
    assert (found["runs"], found["runs_with_a_worker"], found["runs_that_are_starting"]) == (200, 200, 200)


def test_limits_hold_at_every_commit():
    """Three daemons keep below every limit, as the log shows, and every run ends."""
    found = experiment("limits", "sqlite", "150", "3", "0.1")
    assert (found["pools_above_their_limit"], found["ended"]) == ([], 150)
    assert found["most_in_all"] <= 25


def test_a_look_at_a_long_queue_takes_no_memory():
    """A round over 5,000 runs of which none may go keeps nothing of them."""
    found = experiment("backlog", "sqlite", "5000")
    assert (found["in_progress"], found["grown_mb"] <= 20) == (3, True)
