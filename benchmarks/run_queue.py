"""Experiments with a queue, real processes and a database; prints a line of JSON for each.

A script: `run_queue.py` runs all on SQLite, `run_queue.py KIND` on sqlite, postgres or mariadb; with more arguments, one of them, as
`plugins/queue/tests/queue_harness.py` describes.
"""

import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).parents[1] / "plugins" / "queue" / "tests" / "queue_harness.py"

EXPERIMENTS = (
    ("enqueue", "10000"),
    ("backlog", "10000"),
    ("backlog", "100000"),
    ("drain", "10000", "2"),
    ("drain", "10000", "3"),
    ("drain", "10000", "4"),
    ("drain", "10000", "4", "2"),
    ("limits", "5000", "3"),
)


def main(kind: str = "sqlite", *arguments: str) -> None:
    """Run the experiments, each in a process of its own."""
    chosen = [(arguments[0], *arguments[1:])] if arguments else EXPERIMENTS
    for what, *numbers in chosen:
        subprocess.run([sys.executable, HARNESS, what, kind, *numbers], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
