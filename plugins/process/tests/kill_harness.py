"""Kills a step, the process of a run, or all of its processes at a random moment, and looks whether the events tell the truth."""

import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus

HERE = Path(__file__).parent
KINDS = ("step", "run", "everything")
STEPS = [f"step_{number}" for number in range(8)]
GONE_AFTER_SECONDS = 15
DEADLINE_SECONDS = 60


def kill_once(home, kind, seed):
    """Run a job, kill what `kind` says, and return what was wrong afterwards, in words; empty when nothing was."""
    choose, run_id = random.Random(seed), str(uuid4())
    with tempfile.TemporaryDirectory() as folder:
        process = _start(home, run_id, folder)
        _wait_for(lambda: len(_pids(folder)) > choose.randrange(len(STEPS)) or process.poll() is not None)
        _pause(choose.random() * 0.1)
        victims = _victims(kind, process.pid, choose)
        for pid in victims:
            _kill(pid)
        process.wait(DEADLINE_SECONDS)
        problems = [] if _all_gone(folder) else ["processes are left"]
        with Instance.from_config(home) as instance:
            return problems + _lies(instance, run_id, folder, was_killed=process.returncode < 0)


def _start(home, run_id, folder):
    config = {
        "execution": {"executor": "multiprocess", "config": {"max_concurrent": 2}},
        "ops": {step: {"config": {"folder": folder}} for step in STEPS},
    }
    command = [
        sys.executable,
        str(HERE / "run_in_process.py"),
        str(home),
        "traces",
        run_id,
        json.dumps(config),
    ]
    return subprocess.Popen(command, start_new_session=True)


def _victims(kind, run_pid, choose):
    if kind == "run":
        return [run_pid]
    servers = _children(run_pid)
    steps = [step for server in servers for step in _children(server)]
    if kind == "step":
        return [choose.choice(steps)] if steps else []
    everything = [run_pid, *servers, *steps, *(child for step in steps for child in _children(step))]
    choose.shuffle(everything)
    return everything


def _children(pid):
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _pids(folder):
    texts = (path.read_text().split() for path in Path(folder).glob("*.pids"))
    return [int(pid) for text in texts for pid in text]


def _all_gone(folder):
    return _wait_for(lambda: not any(map(_is_alive, _pids(folder))), GONE_AFTER_SECONDS)


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _lies(instance, run_id, folder, *, was_killed):
    status = instance.get_run_by_id(run_id).status
    ends = {}
    for entry in instance.all_logs(run_id):
        if entry.event_type in {EventType.STEP_SUCCESS, EventType.STEP_FAILURE}:
            ends.setdefault(entry.step_key, []).append(entry.event_type)
    problems = [f"{step} ended {len(found)} times" for step, found in ends.items() if len(found) > 1]
    values = Path(instance.storage_directory(), run_id, "values")
    for step, found in ends.items():
        is_done = Path(folder, f"{step}.done").exists() and (values / f"{step}.result.pickle").exists()
        if found == [EventType.STEP_SUCCESS] and not is_done:
            problems.append(f"{step} is said to have succeeded, and has not")
    succeeded = [found for found in ends.values() if found == [EventType.STEP_SUCCESS]]
    expected = RunStatus.SUCCESS if len(succeeded) == len(STEPS) else RunStatus.FAILURE
    if not was_killed and (status is not expected or len(ends) != len(STEPS)):
        problems.append(f"the run is {status} with {len(succeeded)} of {len(ends)} steps that succeeded")
    if was_killed and status not in {RunStatus.NOT_STARTED, RunStatus.STARTED, expected}:
        problems.append(f"the run was killed and is {status}")
    return problems


def _wait_for(is_so, seconds=DEADLINE_SECONDS):
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        _pause(0.01)
    return True


def _pause(seconds):
    select.select([], [], [], seconds)


def main():
    """Kill 100 times, or as often as the argument says, and print what came of it as a line of JSON."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    problems = {}
    with tempfile.TemporaryDirectory() as home:
        for seed in range(number):
            if found := kill_once(home, KINDS[seed % len(KINDS)], seed):
                problems[f"{KINDS[seed % len(KINDS)]} {seed}"] = found
    sys.stdout.write(json.dumps({"figure": "kill_steps", "kills": number, "problems": problems}) + "\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
