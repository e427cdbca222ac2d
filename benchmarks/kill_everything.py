"""Kills the worker of a run, or daemon, launcher and workers together, and looks how each run ends.

    python benchmarks/kill_everything.py [KILLS] [SEED]

Half of the kills hit the worker of one run, half everything that belongs to the instance. Leases of workers are 3 s; a run that is
being launched has a longer one. Within 60 s of the lease in force when it was hit, each run has to be over, by itself, with a reason
where it failed; its slots are free; no process is left. Exits with 1 otherwise.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runrack.definitions.job_target import load_job_target
from runrack.engine.worker_identity import WorkerIdentity
from runrack.instance.instance import Instance
from runrack.records import tags as tag_names
from runrack.records.event_type import EventType
from runrack.records.run import RemoteJobOrigin, RunRecord
from runrack.records.run_status import RunStatus

LEASE_SECONDS = 3
BOUND_SECONDS = 60.0
RUNRACK = Path(sys.executable).parent / "runrack"

CONFIG = f"""
run_coordinator: {{queued: {{max_concurrent_runs: 4, dequeue_interval_seconds: 1}}}}
run_launcher: {{default: {{lease_seconds: {LEASE_SECONDS}, grace_seconds: 1}}}}
run_monitoring: {{poll_interval_seconds: 1, max_resume_run_attempts: 1}}
daemon: {{heartbeat_interval_seconds: 1}}
"""

CODE = """
import time

from runrack import job, op


@op
def prepare():
    return 1


@op(tags={"runrack/concurrency_key": "tool"})
def hold(value):
    time.sleep(1.0)
    return value


@op
def finish(value):
    time.sleep(0.5)


@job
def slow():
    finish(hold(prepare()))
"""


@dataclass
class Outcome:
    """What became of the runs that were hit."""

    ends: Counter[str]
    seconds: list[float]
    problems: list[str]


class Rig:
    """An instance in a folder, its daemon, and the runs of a job."""

    def __init__(self, folder: Path, config: str = CONFIG, code: str = CODE) -> None:
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        (self.home / "runrack.yaml").write_text(config)
        self._code = folder / "jobs.py"
        self._code.write_text(code)
        self.instance = Instance.from_config(self.home)
        self.instance.event_log_storage.set_concurrency_slots("tool", 3)
        self._daemon: subprocess.Popen[bytes] | None = None

    def start_daemon(self, *prefix: str) -> None:
        """Start a daemon, unless there is one; `prefix` is a command that is to start it."""
        if self._daemon is not None and self._daemon.poll() is None:
            return
        with (self.home / "daemon.log").open("ab") as log:
            environment = {**os.environ, "RUNRACK_HOME": str(self.home)}
            self._daemon = subprocess.Popen(
                [*prefix, RUNRACK, "daemon", "run"],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def submit(self, executor: str) -> str:
        """Submit a run of the job `slow` and return its id."""
        run = self.instance.create_run(
            job_name="slow",
            run_config={"execution": {"executor": executor}},
            job_code_origin=load_job_target(f"{self._code}:slow").get_code_origin(),
            remote_job_origin=RemoteJobOrigin("jobs.py", "slow"),
        )
        self.instance.submit_run(run.run_id)
        return run.run_id

    def record(self, run_id: str) -> RunRecord:
        """Return the record of a run."""
        record = self.instance.get_run_record_by_id(run_id)
        assert record is not None
        return record

    def worker_of(self, run_id: str) -> int | None:
        """Return the process that works on a run; None when there is none."""
        worker = WorkerIdentity.from_owner(self.record(run_id).owner)
        return worker.pid if worker is not None and worker.is_alive() else None

    def lease_end(self, run_id: str) -> float:
        """Return when the lease on a run ends, in seconds since 1970; 0 for one that nobody holds."""
        record = self.record(run_id)
        return 0.0 if record.lease_expires is None else record.lease_expires.timestamp()

    def kill_everything(self) -> None:
        """Kill all processes of the instance, in any order."""
        for pid in self.processes():
            _kill(pid)
        if self._daemon is not None:
            self._daemon.wait()

    def processes(self) -> list[int]:
        """Return the processes that belong to the instance: the daemon, locations, workers and their steps."""
        mark = str(self.home.parent).encode()
        return [
            pid for pid in _all_processes() if pid != os.getpid() and mark in _environment_and_command(pid)
        ]

    def stop(self) -> list[int]:
        """Stop the daemon, and return the processes that are left."""
        if self._daemon is not None and self._daemon.poll() is None:
            self._daemon.send_signal(signal.SIGTERM)
            self._daemon.wait()
        self.instance.dispose()
        ends = time.monotonic() + 15
        while self.processes() and time.monotonic() < ends:
            time.sleep(0.1)
        return self.processes()


def main() -> None:
    """Kill as often as asked for, and print what came of it."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    choose = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        outcome = Outcome(Counter(), [], [])
        for number in range(kills):
            strike(rig, choose, outcome, everything=number % 2 == 1)
        held = rig.instance.event_log_storage.get_concurrency_run_ids()
        left = rig.stop()
        if held or left:
            print((Path(folder) / "home" / "daemon.log").read_text()[-4000:])
    slowest = max(outcome.seconds)
    print(
        f"{kills} kills: {dict(outcome.ends)}; over {slowest:.1f} s after the lease at the latest, {_median(outcome.seconds):.1f} s"
        f" p50, workers' leases of {LEASE_SECONDS} s; {len(held)} slots held, {len(left)} processes left"
    )
    for problem in outcome.problems:
        print(problem)
    if outcome.problems or held or left:
        sys.exit(1)


def strike(rig: Rig, choose: random.Random, outcome: Outcome, *, everything: bool) -> None:
    """Start some runs, kill at a random moment, and wait for the end of the runs."""
    rig.start_daemon()
    runs = [rig.submit(choose.choice(["in_process", "multiprocess"])) for _ in range(3 if everything else 1)]
    if everything:
        _wait_until(lambda: any(rig.record(run).run.status is RunStatus.STARTED for run in runs))
        time.sleep(choose.random() * 1.5)
        rig.kill_everything()
        rig.start_daemon()
    else:
        for _ in range(choose.choice([1, 2])):
            _kill_worker(rig, runs[0], choose)
    killed = time.time()
    lease_ends = max([killed, *(rig.lease_end(run) for run in runs)])
    try:
        _wait_until(lambda: all(rig.record(run).run.is_finished for run in runs), lease_ends)
    except TimeoutError:
        for run in runs:
            print(rig.record(run))
            for entry in rig.instance.all_logs(run):
                print(f"  {entry.timestamp:.1f} {entry.event_type} {entry.message}")
        raise
    outcome.seconds.append(max(0.0, time.time() - lease_ends))
    for run in runs:
        _judge(rig, run, outcome)


def _kill_worker(rig: Rig, run: str, choose: random.Random) -> None:
    def can_be_hit() -> bool:
        status = rig.record(run).run.status
        return status.value in {"SUCCESS", "FAILURE"} or (
            status is RunStatus.STARTED and rig.worker_of(run) is not None
        )

    _wait_until(can_be_hit)
    time.sleep(choose.random())
    pid = rig.worker_of(run)
    if pid is not None:
        _kill(pid)


def _judge(rig: Rig, run_id: str, outcome: Outcome) -> None:
    run = rig.record(run_id).run
    attempts = rig.instance.count_resume_run_attempts(run_id)
    outcome.ends[f"{run.status}{' after a resume' if attempts else ''}"] += 1
    if run.status is RunStatus.FAILURE and tag_names.FAILURE_REASON not in run.tags:
        outcome.problems.append(f"run {run_id} failed without a reason")
    if run.status is RunStatus.SUCCESS:
        keys = [e.step_key for e in rig.instance.all_logs(run_id, of_type=EventType.STEP_SUCCESS)]
        if sorted(map(str, keys)) != ["finish", "hold", "prepare"]:
            outcome.problems.append(f"run {run_id} succeeded with the steps {keys}")


def _wait_until(condition: Callable[[], bool], lease_ends: float | None = None) -> None:
    ends = (lease_ends or time.time()) + BOUND_SECONDS
    while not condition():
        if time.time() > ends:
            raise TimeoutError(f"nothing came of it within {BOUND_SECONDS:.0f} s of the lease")
        time.sleep(0.02)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _all_processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _environment_and_command(pid: int) -> bytes:
    try:
        folder = Path(f"/proc/{pid}")
        return (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
    except OSError:
        return b""


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
