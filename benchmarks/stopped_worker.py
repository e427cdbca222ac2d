"""Stops a machine's daemon and worker until another machine has taken their place, lets them go on, and looks what they still change.

    python benchmarks/stopped_worker.py [STOPPED_SECONDS] [TIMES]

A daemon, its worker and their children get SIGSTOP, for 90 s by default. The other machine is a daemon in a space of process ids of
its own (`unshare`), so that it can neither see nor kill them: the lease of 30 s ends, the run fails, and a retry of it runs. After
SIGCONT the old worker has to end by itself within its lease, and nothing that it still writes may count; the retry succeeds.
Exits with 1 otherwise.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from kill_everything import Rig

from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter

T = TypeVar("T")

LEASE_SECONDS = 30

OTHER_MACHINE = ("unshare", "--pid", "--fork", "--mount-proc")

CONFIG = f"""
run_coordinator: {{queued: {{dequeue_interval_seconds: 1}}}}
run_launcher: {{default: {{lease_seconds: {LEASE_SECONDS}, grace_seconds: 1}}}}
run_monitoring: {{poll_interval_seconds: 1, max_resume_run_attempts: 0}}
run_retries: {{enabled: true, max_retries: 1}}
"""

CODE = """
import time
from pathlib import Path
from typing import TypeVar

from runrack import job, op


@op
def talk(context):
    finished = Path(__file__).parent / "finished"
    while not finished.exists():
        context.log.info("still here")
        time.sleep(0.05)


@job
def slow():
    talk()
"""


def main() -> None:
    """Stop workers as often as asked for, and print what came of it."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 90.0
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    problems = [problem for _ in range(times) for problem in stop_one(seconds)]
    print(f"{times} machines stopped for {seconds:.0f} s, lease {LEASE_SECONDS} s: {len(problems)} problems")
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)


def stop_one(seconds: float) -> list[str]:
    """Stop one machine, and return what went wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        here, elsewhere = Rig(folder, CONFIG, CODE), Rig(folder, CONFIG, CODE)
        here.start_daemon()
        run_id = here.submit("in_process")
        _wait_until(lambda: len(here.instance.all_logs(run_id)) > 10)
        worker = here.worker_of(run_id)
        assert worker is not None
        stopped = here.processes()
        _signal(stopped, signal.SIGSTOP)
        began = time.monotonic()
        elsewhere.start_daemon(*OTHER_MACHINE)
        retry = _wait_for(lambda: _retry_of(elsewhere, run_id), LEASE_SECONDS + 60)
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
        before = here.record(run_id)
        log = here.instance.get_records_for_run(run_id)
        _signal(stopped, signal.SIGCONT)
        went_on = time.monotonic()
        _wait_until(lambda: not _is_there(worker), LEASE_SECONDS)
        ended = time.monotonic() - went_on
        later = here.instance.get_records_for_run(run_id, cursor=log.cursor).records
        counted = [f"counted although late: {record.entry.event_type}" for record in later if not record.late]
        (folder / "finished").touch()
        _wait_until(lambda: here.record(retry).run.is_finished)
        print(f"the old worker ended {ended:.2f} s after SIGCONT, {len(later)} entries of it kept as late")
        statuses = (before.run.status, here.record(run_id).run.status, here.record(retry).run.status)
        expected = (RunStatus.FAILURE, RunStatus.FAILURE, RunStatus.SUCCESS)
        wrong = [] if statuses == expected else [f"before, after, and the retry: {statuses}"]
        elsewhere.kill_everything()
        return counted + wrong + [f"process {pid} is left" for pid in here.stop()]


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _retry_of(rig: Rig, run_id: str) -> str | None:
    runs = [
        run for run in rig.instance.get_runs(RunsFilter(statuses=[RunStatus.STARTED])) if run.run_id != run_id
    ]
    return runs[0].run_id if runs else None


def _is_there(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    _wait_for(lambda: condition() or None, seconds)


def _wait_for(find: Callable[[], T | None], seconds: float) -> T:
    ends = time.monotonic() + seconds
    while (found := find()) is None:
        if time.monotonic() > ends:
            raise TimeoutError(f"nothing came of it within {seconds:.0f} s")
        time.sleep(0.02)
    return found


if __name__ == "__main__":
    main()
