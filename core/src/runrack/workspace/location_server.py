"""The process of a code location: it has loaded the user's code, and is copied for each question and for each run.

It has one thread and no connection, so that its copies are safe to work in. It sees its copies end: it kills those that take too
long, and what a worker that dies leaves undone is reported by another copy. When nobody asks any more it stays until the runs
that it has started are over.
"""

from __future__ import annotations

import gc
import importlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from runrack.config.secret import redact
from runrack.engine.new_process import leave, reseed_random
from runrack.errors import RunrackError
from runrack.interfaces.workspace import StartRunRequest
from runrack.workspace.answer import answer_partitions, answer_tick
from runrack.workspace.loaded_code import LoadedCode, load_code, stamps_of_files
from runrack.workspace.message import (
    Answer,
    LoadOrder,
    LoadOutcome,
    PartitionQuestion,
    RunAnswer,
    RunOrder,
    TickQuestion,
    receive_order,
    receive_question,
    send,
)
from runrack.workspace.run_worker import DONE, FENCED, work_on_run
from runrack.workspace.worker_death import report_death
from runrack.workspace.worker_instance import InstanceOpener

_ENDING_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})


@dataclass
class _Copy:
    """A copy of the process.

    Attributes:
        channel: Held open until nothing more is to be done for the question: whoever waits for that sees it close.
        kill_at: When it is killed, by the monotonic clock; None while it may go on.
        run: What it was told, if it is the worker of a run.
        alarm: Where it is heard of signals that the worker gets, also while its interpreter is busy in C code.
        is_answer: Whether it is of use only as long as somebody waits for its answer.
    """

    channel: socket.socket
    kill_at: float | None = None
    run: StartRunRequest | None = None
    alarm: socket.socket | None = None
    is_answer: bool = False


class LocationServer:
    """Answers questions by copies of this process.

    Args:
        control: Where questions come from: a stream socket.
        code: What was loaded.
        instances: Opens the instance of runs.
    """

    def __init__(self, control: socket.socket, code: LoadedCode, instances: InstanceOpener) -> None:
        self._instances = instances
        self._control: socket.socket | None = control
        self._code = code
        self._copies: dict[int, _Copy] = {}
        self._woken, self._waker = os.pipe()
        for descriptor in (self._woken, self._waker):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, _do_nothing)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._take_question)
        self._selector.register(self._woken, selectors.EVENT_READ, self._see_ends)

    def serve(self) -> None:
        """Work until nobody asks any more and every run is over."""
        while self._control is not None or self._copies:
            for key, _ in self._selector.select(self._seconds_to_next_kill()):
                handle: Callable[[], None] = key.data
                handle()
            self._kill_late()

    def _take_question(self) -> None:
        if self._control is None:
            return
        try:
            question, channel = receive_question(self._control)
        except (EOFError, ConnectionResetError):
            self._hang_up()
            return
        match question:
            case RunOrder(request):
                self._start_worker(request, channel)
            case TickQuestion():
                tick = question
                self._start_answer(
                    lambda: answer_tick(self._code, tick, self._instances), channel, question.timeout_seconds
                )
            case PartitionQuestion():
                keys = question
                self._start_answer(
                    lambda: answer_partitions(self._code, keys, self._instances),
                    channel,
                    question.timeout_seconds,
                )

    def _hang_up(self) -> None:
        """Let go of the side that asks, and of what it has asked but for runs."""
        if self._control is not None:
            self._selector.unregister(self._control)
            self._control.close()
            self._control = None
        for copy in self._copies.values():
            if copy.is_answer:
                copy.kill_at = 0.0

    def _start_answer(
        self, answer: Callable[[], Answer], channel: socket.socket, timeout_seconds: float
    ) -> None:
        copy = _Copy(channel, kill_at=time.monotonic() + timeout_seconds, is_answer=True)
        if self._fork(copy, lambda: _tell(channel, answer())) is None:
            channel.close()

    def _start_worker(self, request: StartRunRequest, channel: socket.socket) -> None:
        alarm, theirs = socket.socketpair()
        with theirs:
            copy = _Copy(channel, run=request, alarm=alarm)
            pid = self._fork(copy, lambda: _work(request, theirs, self._instances, self._code))
        if pid is None:
            alarm.close()
        else:
            alarm.settimeout(0)
            self._selector.register(alarm, selectors.EVENT_READ, lambda: self._hear_alarm(copy))
        with suppress(OSError):
            send(channel, RunAnswer(pid))
        if pid is None:
            channel.close()

    def _fork(self, copy: _Copy, task: Callable[[], int]) -> int | None:
        """Make a copy that does a task and exits with what it returns; return its id, None when there can be none."""
        try:
            pid = os.fork()
        except OSError:
            return None
        if not pid:
            self._become(copy, task)
        self._copies[pid] = copy
        return pid

    def _become(self, copy: _Copy, task: Callable[[], int]) -> NoReturn:
        status = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._close_all(copy)
            reseed_random()
            status = task()
        except BaseException:  # noqa: BLE001 - a copy must never go on as a server
            sys.excepthook(*sys.exc_info())
        leave(status)

    def _close_all(self, own: _Copy) -> None:
        """Close, in a copy, what belongs to the server: while it is open anywhere, nobody sees it end."""
        self._selector.close()
        os.close(self._woken)
        os.close(self._waker)
        if self._control is not None:
            self._control.close()
        if own.run is not None:
            own.channel.close()
        for copy in [own, *self._copies.values()]:
            if copy is not own:
                copy.channel.close()
            if copy.alarm is not None:
                copy.alarm.close()

    def _hear_alarm(self, copy: _Copy) -> None:
        if copy.alarm is None:
            return
        numbers = b""
        with suppress(OSError):
            numbers = copy.alarm.recv(1 << 10)
        if not numbers:
            self._silence(copy)
        elif _ENDING_SIGNALS & set(numbers) and copy.kill_at is None and copy.run is not None:
            copy.kill_at = time.monotonic() + copy.run.grace_seconds

    def _silence(self, copy: _Copy) -> None:
        if copy.alarm is not None:
            self._selector.unregister(copy.alarm)
            copy.alarm.close()
            copy.alarm = None

    def _see_ends(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._woken, 1 << 12)
        while self._copies:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            copy = self._copies.pop(pid)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # what it has left behind ends with it
            self._silence(copy)
            if copy.run is None or os.waitstatus_to_exitcode(status) in {DONE, FENCED}:
                copy.channel.close()
            else:
                self._report(copy.channel, copy.run, status)

    def _report(self, channel: socket.socket, request: StartRunRequest, status: int) -> None:
        """Have a copy report that a worker died, whether somebody still asks or not."""
        copy = _Copy(channel, kill_at=time.monotonic() + request.lease_seconds)
        if self._fork(copy, lambda: _report(request, status, self._instances)) is None:
            channel.close()  # its lease runs out, and a daemon sees that

    def _seconds_to_next_kill(self) -> float | None:
        moments = [copy.kill_at for copy in self._copies.values() if copy.kill_at is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _kill_late(self) -> None:
        now = time.monotonic()
        for pid, copy in self._copies.items():
            if copy.kill_at is not None and copy.kill_at <= now:
                copy.kill_at = None
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)


def main() -> None:
    """Serve in a new interpreter. Its argument is the descriptor of the control socket."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        order = receive_order(control)
        instances = InstanceOpener()
        code = _load(order, control, instances)
        if code is not None:
            LocationServer(control, code, instances).serve()
    leave(0)


def _load(order: LoadOrder, control: socket.socket, instances: InstanceOpener) -> LoadedCode | None:
    target = order.target
    if target.working_directory is not None and target.working_directory not in sys.path:
        sys.path.insert(0, target.working_directory)
    try:
        code = load_code(target)
    except Exception as error:  # noqa: BLE001 - the user's code is loaded here and raises what it likes
        what = error.message if isinstance(error, RunrackError) else f"{type(error).__name__}: {error}"
        send(control, LoadOutcome(None, redact(what), stamps_of_files(target, error)))
        return None
    if order.instance_ref is not None:
        with suppress(Exception):  # told where it is used
            instances.open_ahead(order.instance_ref)
    with suppress(ImportError):
        importlib.import_module("ctypes")  # what capturing output uses first
    gc.collect()
    gc.freeze()  # what all copies share is not touched by their garbage collections
    send(control, LoadOutcome(code.contents, files=stamps_of_files(target)))
    return code


def _tell(channel: socket.socket, answer: Answer) -> int:
    send(channel, answer)
    return 0


def _work(request: StartRunRequest, alarm: socket.socket, instances: InstanceOpener, code: LoadedCode) -> int:
    alarm.settimeout(0)
    signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
    return work_on_run(request, instances, code)


def _report(request: StartRunRequest, status: int, instances: InstanceOpener) -> int:
    report_death(request, status, instances)
    return 0


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Let the wake-up descriptor do its work."""
