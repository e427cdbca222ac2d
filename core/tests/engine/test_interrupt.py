"""Signals that end a run, in real processes."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.resource import resource
from runrack.engine.interrupt import exposed, raising_interrupts, shielded
from runrack.errors import ExecutionInterruptedError
from runrack.instance.instance import Instance
from runrack.records.run_status import RunStatus

PROGRAM = """
    import sys, time
    from pathlib import Path
    from runrack.definitions.job import job
    from runrack.definitions.op import op
    from runrack.definitions.resource import resource
    from runrack.engine import execute_job
    from runrack.errors import ExecutionInterruptedError
    from runrack.instance.instance import Instance

    @resource
    def door():
        yield "open"
        Path("closed").touch()

    @op(required_resource_keys={"door"})
    def wait(context):
        print("ready", flush=True)
        time.sleep(60)

    @job(resource_defs={"door": door})
    def waiting():
        wait()

    with Instance.local_temp(sys.argv[1]) as instance:
        try:
            execute_job(waiting, instance)
        except ExecutionInterruptedError:
            sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_run_in_order(tmp_path, number):
    """The step ends, resources are torn down, the run becomes CANCELED, and the caller gets the interruption."""
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    home = tmp_path / "home"
    home.mkdir()
    with subprocess.Popen(
        [sys.executable, program, home], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, b"")
    assert (tmp_path / "closed").exists()
    with Instance.local_temp(home) as instance:
        (run,) = instance.get_runs()
        types = [entry.event.event_type.value for entry in instance.all_logs(run.run_id)]
    assert run.status is RunStatus.CANCELED
    assert types[-4:] == ["STEP_START", "STEP_FAILURE", "RUN_CANCELING", "RUN_CANCELED"]


def test_a_signal_is_an_exception_inside_only():
    """The handlers that were there before are back afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ExecutionInterruptedError, match="SIGTERM"), raising_interrupts():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_shield_holds_a_signal_back():
    """It is raised when the outermost shield ends, once."""
    reached = []

    def interrupt_behind_shields():
        with raising_interrupts(), shielded():
            with shielded():
                os.kill(os.getpid(), signal.SIGINT)
                reached.append("inner")
            reached.append("outer")

    with pytest.raises(ExecutionInterruptedError):
        interrupt_behind_shields()
    assert reached == ["inner", "outer"]
    with raising_interrupts(), shielded():
        reached.append("again")
    assert reached == ["inner", "outer", "again"]


def test_code_that_may_hang_is_exposed_behind_a_shield():
    """A signal raises at once where the user's code runs behind a shield, and is held back again after it."""
    reached = []

    def interrupt_exposed_code():
        with raising_interrupts(), shielded():
            try:
                with exposed():
                    os.kill(os.getpid(), signal.SIGINT)
            except ExecutionInterruptedError:
                reached.append("raised")
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("held back")

    with pytest.raises(ExecutionInterruptedError):
        interrupt_exposed_code()
    assert reached == ["raised", "held back"]


def test_a_second_signal_ends_a_teardown_that_hangs_and_not_the_run():
    """The teardown that is interrupted is told in an event, the others go on, and the run has its end state."""
    calls = []

    @resource
    def first():
        yield 1
        calls.append("down first")

    @resource(required_resource_keys={"first"})
    def hanging(context):
        yield 2
        os.kill(os.getpid(), signal.SIGINT)
        calls.append("never")

    @op(required_resource_keys={"hanging"})
    def use(context): ...

    @job(resource_defs={"first": first, "hanging": hanging})
    def using():
        use()

    result = using.execute_in_process()
    assert calls == ["down first"]
    assert result.success
    assert [event.message for event in result.events_of_type("ENGINE_EVENT")] == [
        "Resource 'hanging' could not be torn down."
    ]


def test_other_threads_change_no_handlers():
    """Outside of the main thread both contexts do nothing."""
    handlers = []

    def look():
        with raising_interrupts(), shielded():
            handlers.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert handlers == [before]
