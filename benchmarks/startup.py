"""What the start costs: CPU time of fresh processes over that of bare Python, in milliseconds.

Each command runs in turn, round after round, so that a slow moment of the machine hits all of them alike. The figure is
the median over the rounds of user plus system time, minus the median of `python -c pass`.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 15
RUNRACK = str(Path(sys.executable).parent / "runrack")
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import runrack": [sys.executable, "-c", "import runrack"],
    "runrack --version": [RUNRACK, "--version"],
    "runrack runs list": [RUNRACK, "runs", "list"],
}
BARS = {"import runrack": 25, "runrack --version": 60, "runrack runs list": 400}


def cpu_milliseconds(command: list[str], home: str) -> float:
    """User plus system time of one process with everything it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "RUNRACK_HOME": home}
    # An installed package is compiled once, not at every start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def main() -> None:
    """Print one line of JSON for each command, and how it stands to its bar."""
    with tempfile.TemporaryDirectory() as home:
        for command in COMMANDS.values():
            cpu_milliseconds(command, home)  # compiles, and makes the index and the database
        rounds = [
            {name: cpu_milliseconds(command, home) for name, command in COMMANDS.items()}
            for _ in range(ROUNDS)
        ]
    medians = {name: statistics.median(one_round[name] for one_round in rounds) for name in COMMANDS}
    bare = medians["python -c pass"]
    for name, bar in BARS.items():
        over_bare = medians[name] - bare
        print(
            json.dumps(
                {"benchmark": "startup", "command": name, "cpu_ms": round(over_bare, 1), "bar_ms": bar}
            )
        )
        print(f"{name}: {over_bare:.0f} ms CPU over bare Python ({bare:.0f} ms); the bar is {bar} ms")


if __name__ == "__main__":
    main()
