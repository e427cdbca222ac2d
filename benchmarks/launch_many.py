"""What many runs through the default launcher leave behind: zombies, descriptors, memory.

    python benchmarks/launch_many.py [RUNS]

Prints them at five moments, for this process and for the one that has loaded the code.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from launch import CODE

from runrack.definitions.job_target import load_job_target
from runrack.instance.instance import Instance
from runrack.records.run import RemoteJobOrigin
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter

AT_ONCE = 4
MOMENTS = 5


def main() -> None:
    """Launch runs, a few at once, and print what is left of them."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.py"
        path.write_text(CODE)
        home = Path(folder) / "home"
        home.mkdir()
        began = time.monotonic()
        with Instance.from_config(home) as instance:
            for count in range(0, number, AT_ONCE):
                for _ in range(AT_ONCE):
                    _submit(instance, path)
                instance.run_launcher.join(60)
                if count % (number // MOMENTS) == 0:
                    _show(count + AT_ONCE)
            _show(number)
            done = instance.get_runs_count(RunsFilter(statuses=[RunStatus.SUCCESS]))
        print(f"{done} of {number} runs succeeded, in {time.monotonic() - began:.0f} s")


def _submit(instance: Instance, path: Path) -> None:
    job = load_job_target(f"{path}:quick")
    run = instance.create_run(
        job_name="quick",
        job_code_origin=job.get_code_origin(),
        remote_job_origin=RemoteJobOrigin(path.name, "quick"),
    )
    instance.submit_run(run.run_id)


def _show(count: int) -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for name, pid in [("caller", os.getpid()), *(("location", int(child)) for child in children)]:
        fields = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        zombies = sum(_is_zombie(int(each)) for each in _children_of(pid))
        memory = int(fields["VmRSS"].split()[0])
        print(f"{count:5} runs, {name}: {descriptors} descriptors, {zombies} zombies, {memory} KiB")


def _children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _is_zombie(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    main()
