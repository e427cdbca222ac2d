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
START = """
import os, sys
from pathlib import Path
from runrack.instance.configuration import load_configuration

home = os.environ["RUNRACK_HOME"]
configuration = load_configuration(Path(home, "runrack.yaml"))
configuration.choose_parts(configuration.make_registry(), home)
assert "jsonschema" not in sys.modules
"""
LOAD = "start with a valid configuration of 100 lines"
REFUSE = "runrack config check of 100 lines with a mistake"
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import runrack": [sys.executable, "-c", "import runrack"],
    "runrack --version": [RUNRACK, "--version"],
    LOAD: [sys.executable, "-P", "-c", START],
    REFUSE: [RUNRACK, "config", "check", "mistaken.yaml"],
    "runrack runs list": [RUNRACK, "runs", "list"],
}
BARS = {"import runrack": 25, "runrack --version": 60, LOAD: 70, REFUSE: 400, "runrack runs list": 400}
TAG_LIMIT = """\
      - key: team-{number}
        value: {{applyLimitPerUniqueValue: true}}
        limit: {number}
"""
CONFIGURATION = """\
storage:
  sqlite:
    base_dir: {home}
compute_logs:
  local:
    base_dir: {home}/compute_logs
run_coordinator:
  queued:
    max_concurrent_runs: 25
    tag_concurrency_limits:
{limits}\
retention:
  events:
    debug_messages: 7
  sensor: {{purge_after_days: {{skipped: 7, started: -1, success: -1, failure: -1}}}}
run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  poll_interval_seconds: 15
run_retries:
  enabled: false
python_logs:
  python_log_level: INFO
"""


def configuration(home: str) -> str:
    """Return a configuration of 100 lines for most of the parts."""
    limits = "".join(TAG_LIMIT.format(number=number) for number in range(1, 27))
    text = CONFIGURATION.format(home=home, limits=limits)
    assert len(text.splitlines()) == 100, len(text.splitlines())
    return text


def cpu_milliseconds(command: list[str], home: str) -> float:
    """User plus system time of one process with everything it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "RUNRACK_HOME": home}
    # An installed package is compiled once, not at every start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, env=environment, cwd=home, check=False, stdout=quiet, stderr=quiet)
    assert done.returncode == (2 if command == COMMANDS[REFUSE] else 0), command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def prepare(home: str) -> None:
    """Put the files there, compile, and let the index of plugins and the database come into being."""
    text = configuration(home)
    Path(home, "runrack.yaml").write_text(text)
    Path(home, "mistaken.yaml").write_text(text.replace("max_concurrent_runs", "max_concurrent_rnus"))
    for command in COMMANDS.values():
        cpu_milliseconds(command, home)


def main() -> None:
    """Print one line of JSON for each command, and how it stands to its bar."""
    with tempfile.TemporaryDirectory() as home:
        prepare(home)
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
