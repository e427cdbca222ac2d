"""Runs jobs while their PostgreSQL server crashes again and again, and looks whether every event arrived once.

A script: `outage_harness.py [CRASHES [DOWN_SECONDS [WORKERS]]]` prints one line of JSON.
"""

import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import ExpectationResult
from runrack.instance.event_spool import waiting_events
from runrack.instance.instance import Instance
from runrack.records.run_status import RunStatus
from runrack.testing.postgres import OwnPostgresServer, own_postgres_server

UP_SECONDS = 2.0
FACT_SECONDS = 0.01
STEP_SECONDS = 2.0

CONFIG = """
storage:
  postgres:
    postgres_url: "{url}"
"""


def work(home: Path, number: int, step_seconds: float) -> None:
    """Run jobs until there is a file `stop`; write down each fact after the call that stored it has returned."""
    acknowledged = os.open(home / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    told = 0

    @op
    def tell(context):
        nonlocal told
        end = time.monotonic() + step_seconds
        while time.monotonic() < end and not (home / "stop").exists():
            label = f"fact-{number}-{told}"
            context.log.info("line-%d-%d", number, told)
            context.log_event(ExpectationResult(success=True, label=label))
            os.write(acknowledged, f"{label}\n".encode())
            told += 1
            time.sleep(FACT_SECONDS)

    @job
    def telling():
        tell()

    with Instance.from_config(home) as instance:
        while not (home / "stop").exists():
            telling.execute_in_process(instance=instance)


def start_worker(home: Path, number: int, step_seconds: float) -> int:
    """Start a process that works, and return its id."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            work(home, number, step_seconds)
            code = 0
        finally:
            os._exit(code)
    return process


def crash_again_and_again(server: OwnPostgresServer, crashes: int, down_seconds: float) -> None:
    """Stop the server as a crash would, and start it again after a while."""
    for _ in range(crashes):
        time.sleep(UP_SECONDS)
        server.crash()
        time.sleep(down_seconds)
        server.start()
    time.sleep(UP_SECONDS)


def look(home: Path) -> dict[str, object]:
    """What the database has, against what was acknowledged."""
    acknowledged = (home / "acknowledged").read_text().split()
    with Instance.from_config(home) as instance:
        runs = instance.get_runs()
        entries = [entry for run in runs for entry in instance.all_logs(run.run_id)]
    words = Counter(
        word for entry in entries for word in entry.message.split() if word.startswith(("fact-", "line-"))
    )
    lines = [label.replace("fact-", "line-") for label in acknowledged]
    return {
        "runs": len(runs),
        "unsuccessful_runs": sum(run.status is not RunStatus.SUCCESS for run in runs),
        "events": len(entries),
        "acknowledged": len(acknowledged),
        "lost": sum(label not in words for label in acknowledged),
        "lost_lines": sum(line not in words for line in lines),
        "doubled": sum(count > 1 for count in words.values()),
        "still_waiting": waiting_events(home),
    }


def main(crashes: int = 5, down_seconds: float = 1.0, workers: int = 4) -> dict[str, object]:
    """Let jobs run while the server crashes, and return what was found."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, own_postgres_server() as server, server.database() as url:
        home = Path(folder)
        (home / "runrack.yaml").write_text(CONFIG.format(url=url))
        with Instance.from_config(home) as instance:
            instance.get_runs_count()
        step_seconds = STEP_SECONDS if down_seconds < STEP_SECONDS else down_seconds + 3 * UP_SECONDS
        processes = [start_worker(home, number, step_seconds) for number in range(workers)]
        crash_again_and_again(server, crashes, down_seconds)
        (home / "stop").touch()
        failed = sum(os.waitpid(process, 0)[1] != 0 for process in processes)
        found = look(home)
    return {
        "test": "outage",
        "crashes": crashes,
        "down_seconds": down_seconds,
        "workers": workers,
        "failed_workers": failed,
        **found,
        "seconds": round(time.monotonic() - began, 1),
    }


if __name__ == "__main__":
    counts = [float(argument) if place == 1 else int(argument) for place, argument in enumerate(sys.argv[1:])]
    sys.stdout.write(json.dumps(main(*counts)) + "\n")  # type: ignore[arg-type]  # ints but for the seconds
