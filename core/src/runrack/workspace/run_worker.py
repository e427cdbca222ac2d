"""What the process of a run does, from its start to its end."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path

from runrack.engine.execution import execute_run
from runrack.engine.lease_keeper import LeaseKeeper
from runrack.engine.worker_identity import WorkerIdentity
from runrack.errors import ExecutionInterruptedError, RunNotFoundError, StaleClaimError
from runrack.interfaces.workspace import StartRunRequest
from runrack.records.run_claim import RunClaim
from runrack.records.safe_name import to_safe_name
from runrack.workspace.loaded_code import LoadedCode
from runrack.workspace.worker_instance import InstanceOpener, WorkerInstance

DONE, FENCED = 0, 75
"""What a worker exits with: its run has ended, or it is not its run any more. Anything else is an accident."""

LOG_FOLDER = "run_workers"


def work_on_run(request: StartRunRequest, instances: InstanceOpener, code: LoadedCode) -> int:
    """Execute a run under the claim that is handed over, and return what the process is to exit with.

    Args:
        request: What it was told.
        instances: Opens the instance of the run.
        code: What its location holds: the only code that is executed.
    """
    with instances.opened(request.instance_ref) as instance:
        log = _redirect_output(instance, request.run_id)
        try:
            return _work(request, instance, code)
        except StaleClaimError as error:
            sys.stderr.write(f"{error}\n")
            return FENCED
        finally:
            _remove_if_empty(log)


def _work(request: StartRunRequest, instance: WorkerInstance, code: LoadedCode) -> int:
    claim = _take_over(request, instance)
    run = instance.get_run_by_id(request.run_id)
    if run is None:
        raise RunNotFoundError(request.run_id)
    keeper = (
        None
        if claim is None
        else LeaseKeeper(instance.storage, claim, request.lease_seconds, request.grace_seconds)
    )
    with keeper or nullcontext():
        try:
            execute_run(
                code.pin(run), instance, None if claim is None else claim.epoch, resumes=request.resumes
            )
        except ExecutionInterruptedError:
            return FENCED if keeper is not None and keeper.is_lost else DONE
    return DONE


def _take_over(request: StartRunRequest, instance: WorkerInstance) -> RunClaim | None:
    if request.claim is None:
        return None
    owner = WorkerIdentity.of_this_process().owner
    return instance.run_storage.renew(request.claim, request.lease_seconds, owner)


def _redirect_output(instance: WorkerInstance, run_id: str) -> Path:
    """Let what this process writes outside of steps go to a file of the run: who started it may be gone any moment."""
    path = Path(instance.artifact_storage.storage_dir) / LOG_FOLDER / f"{to_safe_name(run_id)}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    return path


def _remove_if_empty(log: Path) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if log.exists() and not log.stat().st_size:
        log.unlink()
