"""How long it takes from submitting a run to its first step, with the default launcher, warm.

    python benchmarks/launch.py [RUNS]

Prints milliseconds: median, 95th percentile, and the first, cold one, with whose first step the code is loaded.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from runrack.definitions.job_target import load_job_target
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.run import RemoteJobOrigin

CODE = """
from runrack import job, op

@op
def one():
    return 1

@job
def quick():
    one()
"""


def main() -> None:
    """Launch runs one after the other and print how long each took to its first step."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.py"
        path.write_text(CODE)
        home = Path(folder) / "home"
        home.mkdir()
        with Instance.from_config(home) as instance:
            cold, *warm = [_seconds_to_first_step(instance, path) * 1000 for _ in range(number + 1)]
    warm.sort()
    print(
        f"submit to first step, {number} runs: p50 {statistics.median(warm):.0f} ms,"
        f" p95 {warm[int(len(warm) * 0.95)]:.0f} ms; cold {cold:.0f} ms"
    )


def _seconds_to_first_step(instance: Instance, path: Path) -> float:
    job = load_job_target(f"{path}:quick")
    run = instance.create_run(
        job_name="quick",
        job_code_origin=job.get_code_origin(),
        remote_job_origin=RemoteJobOrigin(path.name, "quick"),
    )
    submitted = time.time()
    instance.submit_run(run.run_id)
    instance.run_launcher.join(60)
    (start,) = instance.all_logs(run.run_id, of_type=EventType.STEP_START)
    return start.timestamp - submitted


if __name__ == "__main__":
    main()
