"""Runs jobs while their PostgreSQL server crashes five times; prints what arrived as a line of JSON."""

import runpy
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "plugins" / "postgres" / "tests" / "outage_harness.py"

if __name__ == "__main__":
    runpy.run_path(str(HARNESS), run_name="__main__")
