"""16 processes store 1,000 events each, one by one, into one SQLite file; prints what arrived as a line of JSON."""

import runpy
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "plugins" / "sqlite" / "tests" / "writers_harness.py"

if __name__ == "__main__":
    runpy.run_path(str(HARNESS), run_name="__main__")
