"""Kills writers of one SQLite file 100 times at random moments; prints what was lost or torn as a line of JSON."""

import runpy
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "plugins" / "sqlite" / "tests" / "kill9_harness.py"

if __name__ == "__main__":
    runpy.run_path(str(HARNESS), run_name="__main__")
