"""`logs --follow` and `events --follow`: beside a run of another process, on a pipe and on a terminal."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

RUNRACK = str(Path(sys.executable).parent / "runrack")
RUN_ID = "aaaa1111-0000-4000-8000-000000000000"

JOBS = """
import sys
from pathlib import Path

from runrack import RetryPolicy, job, op

GATE = Path(__file__).parent / "gate"


@op(retry_policy=RetryPolicy(max_retries=1))
def talk(context):
    print("attempt", context.retry_number, flush=True)
    if context.retry_number == 0:
        raise ConnectionError("try later")
    GATE.read_text()
    print("through", file=sys.stderr, flush=True)


@job
def talking():
    talk()
"""

ON_TERMINAL = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"
"""Runs a command as what has the terminal on its stdin, so that the keys of that reach it."""


@pytest.fixture
def gate(tmp_path):
    """A named pipe that the run waits for, and which opens when something is written to it."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    return gate


@pytest.fixture
def waiting_run(environment, gate, tmp_path):
    """A run in another process whose step is in its second attempt."""
    file = tmp_path / "talking.py"
    file.write_text(JOBS)
    with subprocess.Popen(
        [RUNRACK, "run", str(file), "--run-id", RUN_ID],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert any("attempt 1" in line for line in process.stdout)
        yield process
        process.terminate()
        process.communicate(timeout=60)


def start(environment, *arguments, **options):
    return subprocess.Popen(
        [RUNRACK, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **options
    )


def read_to_end(descriptor):
    pieces = []
    while True:
        try:
            pieces.append(os.read(descriptor, 65536))
        except OSError:  # the other side of the terminal is closed
            os.close(descriptor)
            return b"".join(pieces)


def test_logs_are_followed_until_the_run_ends(waiting_run, environment, gate):
    """What the step writes comes as it is written, each attempt under its heading; the command ends with the run."""
    with start(environment, "logs", RUN_ID, "talk", "--follow", text=True) as process:
        seen = [process.stdout.readline() for _ in range(4)]
        gate.write_text("open")
        rest, errors = process.stdout.read(), process.stderr.read()
    assert seen == ["== talk stdout\n", "attempt 0\n", "== talk stdout, attempt 2\n", "attempt 1\n"]
    assert (process.returncode, rest, errors) == (0, "== talk stderr, attempt 2\nthrough\n", "")


def test_one_attempt_is_followed(waiting_run, environment, gate):
    """`--attempt` leaves out the others."""
    with start(environment, "logs", RUN_ID, "--attempt", "2", "--stdout", "--follow", text=True) as process:
        seen = [process.stdout.readline() for _ in range(2)]
        gate.write_text("open")
        rest = process.stdout.read()
    assert (seen, rest) == (["== talk stdout, attempt 2\n", "attempt 1\n"], "")


def test_an_attempt_without_output_is_refused(waiting_run, spawn, gate):
    """An attempt that there was not is named in the error."""
    gate.write_text("open")
    waiting_run.wait(timeout=60)
    done = spawn("logs", RUN_ID, "talk", "--attempt", "3")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no output of attempt 3 of a step 'talk' was captured" in done.stderr


def test_events_are_followed_until_the_run_ends(waiting_run, environment, gate):
    """The log comes as it is stored, up to the event that ends the run."""
    with start(environment, "events", RUN_ID, "--follow", "--json", text=True) as process:
        types = [json.loads(process.stdout.readline())["type"]]
        gate.write_text("open")
        rest = process.stdout.read()
    types += [json.loads(line)["type"] for line in rest.splitlines()]
    assert (process.returncode, types[0], types[-1]) == (0, "RUN_START", "RUN_SUCCESS")
    assert types.count("STEP_RESTARTED") == 1


@pytest.mark.parametrize("command", ["logs", "events"])
def test_ctrl_c_on_a_terminal_ends_following(waiting_run, environment, command):
    """The key Ctrl-C ends the command with 130, without a traceback; the run goes on."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ON_TERMINAL, RUNRACK, command, RUN_ID, "--follow"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
    ) as process:
        os.close(slave)
        shown = b""
        while b"talk" not in shown:
            shown += os.read(master, 65536)
        os.write(master, b"\x03")
        assert process.wait(timeout=60) == 130
    shown += read_to_end(master)
    assert (b"Traceback" in shown, b"error: interrupted" in shown) == (False, True)
    assert waiting_run.poll() is None
