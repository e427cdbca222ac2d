"""The sizes of the workloads, the rows they write, and how both sides take time and answer.

A side is a program that takes the name of a workload and where to store, and prints one line of JSON:
`{"figures": {name: value}}`. Rates are per second, everything else is milliseconds.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

MESSAGE = "m" * 120
LOG_EVENTS = 1000
MATERIALIZATIONS = 400
BATCH = 100
THREADS = 8
EVENTS_OF_A_THREAD = 150
PROCESSES = 16
EVENTS_OF_A_PROCESS = 200

RUNS = 20_000
RUNS_ADDED = 300
JOBS, TEAMS, ENVIRONMENTS = 50, 10, 3
PAGE = 25

ASSETS, PARTITIONS, TIMES = 200, 100, 2
ASSETS_ASKED = 50
EVENTS_ASKED = 100

CHAIN_STEPS = 100
FAN_STEPS = 20
QUERIES = 20
STARTS = 5
ENQUEUED = 50
LAUNCHED = 5

ANSWER = '{"figures":'
"""How the line begins in which a side answers."""

Figures = Mapping[str, float]


def job_of(number: int) -> str:
    """Return the job of a run."""
    return f"job_{number % JOBS:02}"


def tags_of(number: int) -> dict[str, str]:
    """Return the tags of a run."""
    return {
        "team": f"team_{number % TEAMS}",
        "env": f"env_{number % ENVIRONMENTS}",
        "seq": str(number),
    }


def config_of(number: int) -> dict[str, object]:
    """Return the run configuration of a run."""
    return {"ops": {"load": {"config": {"date": f"2024-01-{number % 28 + 1:02}", "limit": number}}}}


def status_of(number: int) -> str:
    """Return the status of a run: of twenty, sixteen succeeded, two failed, two have started."""
    return (["SUCCESS"] * 16 + ["FAILURE"] * 2 + ["STARTED"] * 2)[number % 20]


def asset_of(number: int) -> list[str]:
    """Return the path of the asset that a materialization is of."""
    return ["warehouse", f"table_{number % ASSETS:04}"]


def partition_of(number: int) -> str:
    """Return the partition that a materialization is of."""
    return f"part_{(number // ASSETS) % PARTITIONS:04}"


def metadata_of(number: int) -> dict[str, object]:
    """Return the metadata of a materialization: a number, a path, a share."""
    return {"rows": number, "path": "/data/warehouse/table/part-001", "seconds": 1.5}


def portions(numbers: int, size: int = BATCH) -> Iterable[range]:
    """Yield the numbers below `numbers` in ranges of `size`."""
    for first in range(0, numbers, size):
        yield range(first, min(first + size, numbers))


def per_second(count: int, work: Callable[[], object]) -> float:
    """Return how many of `count` things `work` does a second."""
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def milliseconds(call: Callable[[], object], times: int = QUERIES) -> float:
    """Return how long a call takes, the median of some, after two that do not count."""
    call(), call()
    taken: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def launches(seconds_to_first_step: Callable[[], float]) -> Figures:
    """Return how long it takes until the first step of a run begins, the median of some, after one that does not count."""
    seconds_to_first_step()
    taken = [seconds_to_first_step() for _ in range(LAUNCHED)]
    return {"submit to first step, warm": statistics.median(taken) * 1000}


def configure(file: Path, text: str) -> None:
    """Add to the configuration of a home."""
    with file.open("a") as configuration:
        configuration.write(f"{text}\n")


def threads(work: Callable[[], object]) -> float:
    """Return how many events a second several threads store that `work` all at once."""
    workers = [threading.Thread(target=work) for _ in range(THREADS)]

    def run() -> None:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    return per_second(THREADS * EVENTS_OF_A_THREAD, run)


def wait_for_the_start() -> None:
    """Say that this process, one of several, is ready, and begin at a word from outside."""
    print("ready", flush=True)
    sys.stdin.readline()


def processes(side: str, home: str) -> Figures:
    """Let several processes write at once, each for a run of its own, and then all for the same run.

    Each calls `write_many` of the module `side`; the time is that from a common start to the end of the last.
    """
    own = [str(uuid.uuid4()) for _ in range(PROCESSES)]
    same = [str(uuid.uuid4())] * PROCESSES
    return {
        f"messages of {PROCESSES} processes, own runs /s": _together(side, home, own),
        f"messages of {PROCESSES} processes, one run /s": _together(side, home, same),
    }


def _together(side: str, home: str, run_ids: Sequence[str]) -> float:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", f"import {side}; {side}.write_many({home!r}, {run_id!r})"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for run_id in run_ids
    ]
    for writer in writers:
        writer.stdout.readline()

    def run() -> None:
        for writer in writers:
            writer.stdin.write("go\n")
            writer.stdin.flush()
        if any(writer.wait() for writer in writers):
            sys.exit("a writer failed")

    return per_second(len(writers) * EVENTS_OF_A_PROCESS, run)


def starts(commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> Figures:
    """Return the CPU time of each command over that of bare Python, with its children; the median of some starts."""

    def cpu(command: Sequence[str]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            command,
            env={**os.environ, **environment},
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    taken = {}
    for name, command in {"": [sys.executable, "-c", "pass"], **commands}.items():
        cpu(command)
        taken[name] = statistics.median(cpu(command) for _ in range(STARTS))
    return {f"CPU of a start: {name}, ms": (taken[name] - taken[""]) * 1000 for name in commands}


def answer(workloads: Mapping[str, Callable[..., Figures]], arguments: Sequence[str]) -> None:
    """Run the workload that the arguments name, and print its figures."""
    name, *rest = arguments
    print(json.dumps({"figures": workloads[name](*rest)}))
