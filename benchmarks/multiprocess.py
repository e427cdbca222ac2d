"""What the multiprocess executor adds to a step that does nothing: 40 and 160 steps, 2 at a time, on SQLite.

Prints a line of JSON for each number of steps, with what the same number of bare interpreters takes in the same call.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from runrack.definitions.job import JobDefinition, job
from runrack.definitions.op import op
from runrack.definitions.reconstructable import reconstructable
from runrack.engine import execute_job
from runrack.instance.instance import Instance

AT_ONCE = 2
ROUNDS = 3


@op
def nothing():
    return 1


def fan_out(number: int) -> JobDefinition:
    @job(name=f"fan_{number}")
    def made():
        for _ in range(number):
            nothing()

    made.__module__ = __name__
    return made


fan_40, fan_160 = fan_out(40), fan_out(160)


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def measure(made: JobDefinition) -> tuple[float, float]:
    config = {"execution": {"executor": "multiprocess", "config": {"max_concurrent": AT_ONCE}}}
    with tempfile.TemporaryDirectory() as home, Instance.from_config(home) as instance:
        cpu, started = cpu_seconds(), time.perf_counter()
        result = execute_job(reconstructable(made), instance, config)
        took = time.perf_counter() - started
        assert result.success
        return took, cpu_seconds() - cpu


def bare_interpreters(number: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        command = [sys.executable, "-c", "pass"]
        list(threads.map(lambda _: subprocess.run(command, check=True), range(number)))
    return time.perf_counter() - started


def main():
    for number, made in ((40, fan_40), (160, fan_160)):
        rounds = [(*measure(made), bare_interpreters(number)) for _ in range(ROUNDS)]
        wall, cpu, bare = (statistics.median(column) / number * 1e3 for column in zip(*rounds, strict=True))
        figures = {"steps": number, "at_once": AT_ONCE, "wall_ms_per_step": round(wall, 1)}
        figures |= {"cpu_ms_per_step": round(cpu, 1), "bare_interpreter_ms": round(bare, 1)}
        print(json.dumps({"figure": "multiprocess", **figures, "load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
