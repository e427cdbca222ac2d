"""What a step that does nothing costs in process: planned, in memory, and stored with capture on SQLite.

10,000 steps side by side, a chain of 1,000, and 10,000 items of a dynamic output. Prints a line of JSON for each figure;
`wall` counts only on a machine that does nothing else, `cpu` on any. `--steps N` makes the fan-out smaller.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

from runrack.definitions.job import JobDefinition, job
from runrack.definitions.op import op
from runrack.definitions.output import DynamicOut, DynamicOutput
from runrack.engine import execute_job
from runrack.engine.active_execution import ActiveExecution
from runrack.engine.plan import build_plan
from runrack.instance.instance import Instance


@op
def start():
    return 1


@op
def nothing(value):
    return value


@op
def count(values):
    return len(values)


def fan_out(steps: int) -> JobDefinition:
    @job
    def fan():
        first = start()
        count([nothing(first) for _ in range(steps)])

    return fan


def chain_of(steps: int) -> JobDefinition:
    @job
    def chain():
        value = start()
        for _ in range(steps):
            value = nothing(value)

    return chain


def dynamic_of(steps: int) -> JobDefinition:
    @op(out=DynamicOut())
    def items():
        for number in range(steps):
            yield DynamicOutput(number, str(number))

    @job
    def dynamic():
        count(items().map(nothing).collect())

    return dynamic


SHAPES = {"fan": fan_out, "chain": chain_of, "dynamic": dynamic_of}


def show(figure: str, **values: object) -> None:
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"figure": figure, **values, "load": load}), flush=True)


def plan(shape: str, steps: int) -> None:
    cpu = time.process_time()
    made = SHAPES[shape](steps)
    defined = time.process_time()
    found = build_plan(made)
    planned = time.process_time()
    ActiveExecution(found, "run")
    active = time.process_time()
    seconds = {"define": defined - cpu, "plan": planned - defined, "active": active - planned}
    show(f"plan_{shape}", steps=steps, **{f"{name}_cpu_s": round(took, 3) for name, took in seconds.items()})


def run(shape: str, steps: int, kind: str) -> None:
    made = SHAPES[shape](steps)
    with tempfile.TemporaryDirectory() as home:
        opened = Instance.ephemeral() if kind == "memory" else Instance.from_config(home)
        with opened as instance:
            cpu, wall = time.process_time(), time.perf_counter()
            assert execute_job(made, instance).success
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {
        "cpu_ms_per_step": cpu / steps * 1e3,
        "wall_ms_per_step": wall / steps * 1e3,
        "max_mb": megabytes,
    }
    show(f"{kind}_{shape}", steps=steps, **{name: round(value, 3) for name, value in figures.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument(
        "--only", nargs=3, metavar=("SHAPE", "STEPS", "KIND"), help="one figure, in this process"
    )
    arguments = parser.parse_args()
    if arguments.only is not None:
        shape, steps, kind = arguments.only
        run(shape, int(steps), kind)
        return
    shapes = {"fan": arguments.steps, "chain": arguments.steps // 10, "dynamic": arguments.steps}
    for shape, steps in shapes.items():
        plan(shape, steps)
        for kind in ("memory", "stored"):
            subprocess.run([sys.executable, __file__, "--only", shape, str(steps), kind], check=True)


if __name__ == "__main__":
    main()
