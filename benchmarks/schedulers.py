"""Schedulers that die: a schedule with a tick each second, several daemons, one of them killed each second.

    schedulers.py [--ticks 1000] [--daemons 3] [--speed 5] [--kill-seconds 1]

The daemons' clock goes `--speed` times as fast as the machine's. At the end each second has one tick, each tick one run; exits with
1 otherwise. Called with --daemon it is one of the daemons.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from runrack.definitions.definitions import Definitions
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.schedule import ScheduleDefinition
from runrack.instance.instance import Instance
from runrack.records.tick import InstigatorOrigin, InstigatorStatus, TickStatus
from runrack.testing.launching import FakeDaemon, RecordingLauncher
from runrack.testing.location import FakeLocation, FakeWorkspace
from runrack_cron import CronScheduler
from runrack_cron.schedule_loop import ScheduleLoop
from runrack_cron.tick_settings import TickSettings
from runrack_queue import DefaultRunCoordinator
from runrack_sqlite import SqliteStorage

LEASE_SECONDS = 1.0
START = datetime(2026, 3, 4, tzinfo=UTC).timestamp()


@op
def nothing() -> None:
    """Do nothing."""


@job
def the_job() -> None:
    """Do nothing."""
    nothing()


SCHEDULE = ScheduleDefinition(
    "each_second",
    cron_schedule="* * * * * *",
    job=the_job,
    default_status=InstigatorStatus.RUNNING,
    catch_up=10_000,
)
SELECTOR = InstigatorOrigin("here", "each_second").selector_id


def open_instance(folder: str) -> Instance:
    """Return an instance whose runs never start."""
    return Instance(
        storage=SqliteStorage(folder),
        run_launcher=RecordingLauncher(),
        run_coordinator=DefaultRunCoordinator(),
    )


def serve(folder: str, began: float, speed: float, ticks: int) -> None:
    """Make ticks until all are made, as a daemon."""

    def now() -> float:
        return START + min(ticks, (time.time() - began) * speed)

    with open_instance(folder) as instance:
        daemon = FakeDaemon(
            instance, FakeWorkspace(FakeLocation(Definitions([the_job], [SCHEDULE]))), str(uuid4())
        )
        loop = ScheduleLoop(
            TickSettings(
                max_retries=0,
                timeout_seconds=60,
                lease_seconds=LEASE_SECONDS,
                workers=2,
                get_logs_path=lambda origin_id: f"{folder}/{origin_id}",
                now=now,
            ),
            max_catchup_runs=0,
        )
        while True:
            loop.run_once(daemon)
            time.sleep(0.05)


def main() -> None:
    """Start daemons, kill them, and count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ticks", type=int, default=1000)
    parser.add_argument("--daemons", type=int, default=3)
    parser.add_argument("--speed", type=float, default=5)
    parser.add_argument("--kill-seconds", type=float, default=1)
    parser.add_argument("--daemon", nargs=2, metavar=("FOLDER", "BEGAN"))
    arguments = parser.parse_args()
    if arguments.daemon:
        folder, began = arguments.daemon
        serve(folder, float(began), arguments.speed, arguments.ticks)
        return
    with tempfile.TemporaryDirectory() as folder:
        raise SystemExit(run(folder, arguments))


def run(folder: str, arguments: argparse.Namespace) -> int:
    """Return the exit code of the experiment."""
    with open_instance(folder) as instance:
        see_the_schedule(instance)
        began = time.time()
        command = [sys.executable, str(Path(__file__)), "--daemon", folder, repr(began)]
        command += ["--speed", str(arguments.speed), "--ticks", str(arguments.ticks)]
        daemons = [subprocess.Popen(command) for _ in range(arguments.daemons)]
        killed = 0
        deadline = began + arguments.ticks / arguments.speed + 120
        while not is_done(instance, arguments.ticks) and time.time() < deadline:
            time.sleep(arguments.kill_seconds)
            if is_done(instance, arguments.ticks):
                break
            victim = random.randrange(len(daemons))
            daemons[victim].kill()
            daemons[victim].wait()
            daemons[victim] = subprocess.Popen(command)
            killed += 1
        seconds = time.time() - began
        for daemon in daemons:
            daemon.kill()
            daemon.wait()
        return report(instance, arguments, killed, seconds)


def see_the_schedule(instance: Instance) -> None:
    """Let the schedule begin with the experiment, not when the first daemon is up."""
    origin = InstigatorOrigin("here", SCHEDULE.name)
    CronScheduler().start_schedule(instance.schedule_storage, origin, SCHEDULE.cron_schedule, START)


def is_done(instance: Instance, ticks: int) -> bool:
    """Tell whether all ticks were made."""
    made = instance.schedule_storage.get_ticks([SELECTOR], statuses=[TickStatus.SUCCESS])
    return len(made) >= ticks


def report(instance: Instance, arguments: argparse.Namespace, killed: int, seconds: float) -> int:
    """Print the figures, and return 1 when a tick or a run is missing or doubled."""
    ticks = instance.schedule_storage.get_ticks([SELECTOR])
    moments = Counter(tick.timestamp for tick in ticks)
    wanted = {START + second for second in range(1, arguments.ticks + 1)}
    runs = Counter(run.tags["runrack/tick_id"] for run in instance.get_runs())
    missing, doubled = wanted - set(moments), [moment for moment, count in moments.items() if count > 1]
    unfinished = [tick for tick in ticks if tick.status is not TickStatus.SUCCESS]
    bad_runs = [tick for tick in ticks if runs[str(tick.tick_id)] != 1 or len(tick.tick_data.run_ids) != 1]
    print(
        f"{arguments.daemons} daemons, {killed} killed, {seconds:.0f} s: {len(ticks)} ticks, {len(missing)} missing, "
        f"{len(doubled)} doubled, {len(unfinished)} unfinished, {sum(runs.values())} runs, {len(bad_runs)} ticks without exactly one"
    )
    return 1 if missing or doubled or unfinished or bad_runs or sum(runs.values()) != len(wanted) else 0


if __name__ == "__main__":
    main()
