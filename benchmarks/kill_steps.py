"""Kills steps, runs and all their processes 100 times at random moments; prints what the events then lied about as JSON."""

import runpy
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "plugins" / "process" / "tests" / "kill_harness.py"

if __name__ == "__main__":
    runpy.run_path(str(HARNESS), run_name="__main__")
