"""WorkerIdentity: which process works on a run."""

import os
import signal
import subprocess
import sys

import pytest
from msgspec.structs import replace

from runrack.engine import WorkerIdentity


def test_an_identity_survives_as_the_owner_of_a_claim():
    """The owner of a claim gives the identity back; two identities of one process differ."""
    worker = WorkerIdentity.of_this_process()
    assert WorkerIdentity.from_owner(worker.owner) == worker
    assert worker.owner != WorkerIdentity.of_this_process().owner
    assert len(worker.owner) < 200


def test_a_process_with_other_things_to_do_gets_no_signals():
    """A process that executes a run of its own is known as alive, and gets no signals for the run's sake."""
    caller = WorkerIdentity.of_this_process(is_dedicated=False)
    assert WorkerIdentity.from_owner(caller.owner) == caller
    assert caller.is_alive()
    assert not caller.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("owner", [None, "", "daemon:x", "worker:1", "worker:m:pid:1:x", "launcher:a:1:2:3"])
def test_other_owners_are_no_workers(owner):
    """An owner that is not a worker's gives none."""
    assert WorkerIdentity.from_owner(owner) is None


def test_a_process_is_known_by_its_start():
    """A process is alive when it has the id and the start; a later one of the same id, or of another machine, is not it."""
    worker = WorkerIdentity.of_this_process()
    assert worker.pid == os.getpid()
    assert worker.is_alive()
    assert not replace(worker, started="1").is_alive()
    assert not replace(worker, machine="another").is_alive()


def test_a_process_that_has_ended_is_dead_and_gets_no_signals():
    """A process that has ended is not alive, waited for or not, and cannot be sent a signal."""
    command = "from runrack.engine import WorkerIdentity as w; print(w.of_this_process().owner, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        worker = WorkerIdentity.from_owner(process.stdout.readline().strip())
        assert worker.is_alive()
        assert worker.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not worker.is_alive()
        assert not worker.send_signal(signal.SIGKILL)
