"""The fork server: a process that has loaded the job's code, and is copied for each step.

It has one thread and no connection, so that its copies are safe to work in. It knows nothing of what steps do: a copy
gets a channel to the run's process, and the server tells when it has ended, and how.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from types import FrameType

from runrack.engine import StepWorker, leave, python_command, reseed_random
from runrack.interfaces.step_launcher import StepRunRef
from runrack_process.lifeline import hang_on
from runrack_process.step_process import execute_one_step

REQUEST = struct.Struct("!I")
"""The number of the process to be started; the channel comes along with it."""

REPORT = struct.Struct("!IiiQ")
"""Number, process id, wait status (or one of those below), and the most memory that the process ever had, in bytes."""

STARTED, NOT_STARTED = -1, -2


class ForkServer:
    """Starts processes on request and reports their ends.

    Args:
        control: Where requests come from and reports go to: a stream socket.
        lifeline: What the processes hang on.
        worker: What has loaded the job; None when each process starts a new interpreter.
    """

    def __init__(self, control: socket.socket, lifeline: int, worker: StepWorker | None) -> None:
        self._control = control
        self._lifeline = lifeline
        self._worker = worker
        self._numbers: dict[int, int] = {}
        self._woken, waker = os.pipe()
        for descriptor in (self._woken, waker):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, _do_nothing)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Work until the other side hangs up."""
        while True:
            readable, _, _ = select.select([self._control.fileno(), self._woken], [], [])
            if self._woken in readable:
                os.read(self._woken, 1 << 12)
                self._report_ends()
            if self._control.fileno() in readable and not self._answer():
                return

    def _answer(self) -> bool:
        """Start what is asked for next; return False when nobody is there to ask."""
        try:
            content, channels, _, _ = socket.recv_fds(self._control, REQUEST.size, 1)
        except ConnectionResetError:
            return False
        if not content:
            return False
        (number,) = REQUEST.unpack(content)
        (channel,) = channels
        try:
            pid = os.fork()
        except OSError:
            self._report(number, 0, NOT_STARTED, 0)
        else:
            if not pid:
                self._become_step(channel)
            self._numbers[pid] = number
            self._report(number, pid, STARTED, 0)
        os.close(channel)
        return True

    def _become_step(self, channel: int) -> None:
        try:
            os.setsid()
            hang_on(self._lifeline)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            if self._worker is None:
                _start_interpreter(channel)
            reseed_random()
            with socket.socket(fileno=channel) as connected:
                status = execute_one_step(connected, self._worker)
            leave(status)
        except BaseException:  # noqa: BLE001 - a copy must never go on as a server
            sys.excepthook(*sys.exc_info())
            leave(1)

    def _report_ends(self) -> None:
        while self._numbers:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if not pid:
                return
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # what the step has left behind ends with it
            self._report(self._numbers.pop(pid), pid, status, usage.ru_maxrss * 1024)

    def _report(self, number: int, pid: int, status: int, peak_bytes: int) -> None:
        self._control.sendall(REPORT.pack(number, pid, status, peak_bytes))


def main() -> None:
    """Serve in a new interpreter.

    Its arguments are the descriptors of the control socket and of the lifeline, and modules to be loaded. A step
    reference on standard input says what to load besides; without one, each step gets a new interpreter.
    """
    control, lifeline, *modules = sys.argv[1:]
    hang_on(int(lifeline))
    with socket.socket(fileno=int(control)) as connected:
        connected.set_inheritable(False)
        text = sys.stdin.buffer.read()
        _read_nothing_more()
        worker = _load(text, modules) if text else None
        with suppress(BrokenPipeError, ConnectionResetError):
            ForkServer(connected, int(lifeline), worker).serve()


def _load(text: bytes, modules: list[str]) -> StepWorker | None:
    """Return what has loaded the job, or None if it cannot be loaded: then each step says so for itself."""
    for module in ("ctypes", *modules):  # ctypes: what capturing output uses first
        with suppress(ImportError):
            importlib.import_module(module)
    with suppress(Exception):
        worker = StepWorker(StepRunRef.from_json(text))
        gc.collect()
        gc.freeze()  # what all copies share is not touched by their garbage collections
        return worker
    return None


def _start_interpreter(channel: int) -> None:
    os.set_inheritable(channel, True)  # noqa: FBT003 - its only way
    command = python_command("runrack_process.step_process", str(channel))
    os.execv(command[0], command)  # noqa: S606 - our own module, in our own interpreter


def _read_nothing_more() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Let the wake-up descriptor do its work."""
