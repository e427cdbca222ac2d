"""ProcessSupply: processes for steps, from a fork server, watched until they end."""

from __future__ import annotations

import math
import os
import select
import signal
import socket
import subprocess
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from runrack.engine import StepChannel, python_command, send_message
from runrack.interfaces.step_launcher import StepRunRef
from runrack_process.fork_server import NOT_STARTED, REPORT, REQUEST, STARTED

_CLOSING_SECONDS = 5.0


@dataclass(frozen=True)
class ProcessEnd:
    """How a process ended.

    Attributes:
        status: What `os.wait` gave; None when nobody knows, because the fork server was killed.
        peak_bytes: The most memory that it ever had.
    """

    status: int | None
    peak_bytes: int = 0


@dataclass
class StepProcess:
    """The process of one step.

    Attributes:
        number: Unique in the supply.
        channel: What it has to say.
        pid: Its id, which is also that of its process group; None until it is known.
        end: How it ended; None while it lives.
    """

    number: int
    channel: StepChannel
    pid: int | None = None
    end: ProcessEnd | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended and everything that it said was received."""
        return self.end is not None and (self.channel.is_closed or self.channel.is_finished)

    def kill(self, signal_number: int) -> None:
        """Send a signal to the process and all that it has started."""
        if self.pid is not None and self.end is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal_number)


@dataclass
class ProcessSupply:
    """Starts processes for steps and tells when they have something to say or have ended.

    - The first process brings the fork server up. One that was killed is replaced when the next process is started.
    - None of the processes outlives this one, on Linux; see `runrack_process.lifeline`.

    Attributes:
        is_warm: Whether processes are copies of one that has loaded the job; else each is a new interpreter.
        preload_modules: What it loads besides.
    """

    is_warm: bool = True
    preload_modules: Sequence[str] = ()
    _living: dict[int, StepProcess] = field(default_factory=dict)
    _number: int = 0
    _server: _Server | None = None

    def start(self, ref: StepRunRef) -> StepProcess:
        """Start a process that executes a step."""
        if self._server is None:
            self._server = _Server(ref if self.is_warm else None, self.preload_modules)
        ours, theirs = socket.socketpair()
        self._number += 1
        with theirs:
            self._server.request(self._number, theirs)
        with suppress(OSError):  # that nobody is there is read where the reports are
            send_message(ours, ref.to_json())
        process = StepProcess(self._number, StepChannel(ours))
        self._living[process.number] = process
        return process

    def wait(self, timeout_seconds: float | None) -> list[StepProcess]:
        """Return the processes that have something to say or have ended, waiting for the first of them."""
        channels = {
            process.channel.fileno(): process
            for process in self._living.values()
            if not process.channel.is_closed
        }
        sources: list[int] = list(channels)
        if self._server is not None:
            sources.append(self._server.fileno())
        readable = _readable(sources, timeout_seconds)
        ready = {channels[source].number: channels[source] for source in readable if source in channels}
        if self._server is not None and self._server.fileno() in readable:
            ready.update(self._read_reports())
        return list(ready.values())

    def forget(self, process: StepProcess) -> None:
        """Let go of a process that is over."""
        process.channel.close()
        self._living.pop(process.number, None)

    def close(self) -> None:
        """End all processes at once, and the fork server."""
        for process in list(self._living.values()):
            process.kill(signal.SIGKILL)
            self.forget(process)
        if self._server is not None:
            self._server.close()
            self._server = None

    def _read_reports(self) -> dict[int, StepProcess]:
        server = self._server
        reports = [] if server is None else server.read_reports()
        if reports is None:
            return self._lose_server()
        ended = {}
        for number, pid, status, peak_bytes in reports:
            process = self._living.get(number)
            if process is None:
                continue
            if status == STARTED:
                process.pid = pid
            else:
                process.end = ProcessEnd(None if status == NOT_STARTED else status, peak_bytes)
                ended[number] = process
        return ended

    def _lose_server(self) -> dict[int, StepProcess]:
        """End what the server had started: nobody would tell how it ends any more."""
        for process in self._living.values():
            process.kill(signal.SIGKILL)
            process.end = process.end or ProcessEnd(None)
        if self._server is not None:
            self._server.close()
            self._server = None
        return dict(self._living)


def _readable(sources: Sequence[int], timeout_seconds: float | None) -> list[int]:
    """Return the descriptors that can be read or were hung up, waiting for the first of them."""
    poll = select.poll()  # unlike `select`, it takes descriptors of any number
    for source in sources:
        poll.register(source, select.POLLIN)
    milliseconds = None if timeout_seconds is None else math.ceil(timeout_seconds * 1000)
    return [source for source, _ in poll.poll(milliseconds)]


class _Server:
    """The fork server, as seen from the process that has started it."""

    def __init__(self, ref: StepRunRef | None, modules: Collection[str]) -> None:
        self._control, control = socket.socketpair()
        lifeline, self._lifeline = os.pipe()
        command = python_command("runrack_process.fork_server", str(control.fileno()), str(lifeline))
        with control:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, in our own interpreter
                [*command, *modules],
                stdin=subprocess.PIPE,
                pass_fds=(control.fileno(), lifeline),
                start_new_session=True,
            )
        os.close(lifeline)
        self._buffer = b""
        self._feed(b"" if ref is None else ref.to_json())

    def fileno(self) -> int:
        return self._control.fileno()

    def request(self, number: int, channel: socket.socket) -> None:
        with suppress(BrokenPipeError):  # that the server is gone is read where its reports are
            socket.send_fds(self._control, [REQUEST.pack(number)], [channel.fileno()])

    def read_reports(self) -> list[tuple[int, int, int, int]] | None:
        """Return what the server has to say; None when it is gone."""
        try:
            content = self._control.recv(1 << 16)
        except ConnectionResetError:
            content = b""
        if not content:
            return None
        content = self._buffer + content
        whole = len(content) - len(content) % REPORT.size
        self._buffer = content[whole:]
        return list(REPORT.iter_unpack(content[:whole]))

    def close(self) -> None:
        """End the server, and with the lifeline what hangs on it."""
        self._control.close()
        os.close(self._lifeline)
        try:
            self._process.wait(_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _feed(self, text: bytes) -> None:
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(BrokenPipeError), stdin:
                stdin.write(text)
