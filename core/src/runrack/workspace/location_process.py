"""LocationProcess: the process of a code location, as seen by the one that has started it."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from typing_extensions import override

from runrack.engine.new_process import environment_elsewhere, python_command
from runrack.errors import LaunchFailedError, LocationUnavailableError
from runrack.interfaces.workspace import RunProcess, StartRunRequest
from runrack.workspace.location_target import LocationTarget
from runrack.workspace.message import (
    Answer,
    LoadOrder,
    LoadOutcome,
    Question,
    RunAnswer,
    RunOrder,
    receive_answer,
    receive_outcome,
    send,
    send_question,
)

_MARGIN_SECONDS = 5.0
"""How much longer an answer is waited for than the process that answers may take."""

_START_SECONDS = 30.0
"""How long the process of a location may take to start the process of a run."""

_CLOSING_SECONDS = 0.5

_ending: list[subprocess.Popen[bytes]] = []
"""Processes that were let go and stay until their runs are over: polled, so that none of them stays a zombie."""


class LocationProcess:
    """The process of a code location. It may be used from several threads.

    Args:
        target: What it loads.
        instance_ref: The instance whose parts the runs need.
        log: Where its output goes; nowhere when None.

    Raises:
        LocationUnavailableError: It cannot be started.
    """

    def __init__(
        self, target: LocationTarget, instance_ref: Mapping[str, Any] | None = None, log: Path | None = None
    ) -> None:
        _forget_ended()
        self._name = target.location_name
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _start(target, theirs, log)
        except LocationUnavailableError:
            self._control.close()
            raise
        with suppress(OSError):  # that nobody is there is read where the outcome is
            send(self._control, LoadOrder(target, instance_ref))

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_loaded(self, timeout_seconds: float) -> LoadOutcome:
        """Return what came of loading the code, waiting for it."""
        self._control.settimeout(timeout_seconds)
        try:
            return receive_outcome(self._control)
        except TimeoutError:
            self._process.kill()
            return LoadOutcome(None, f"loading its code took longer than {timeout_seconds:.0f} s")
        except (EOFError, OSError):
            code = self._process.wait()
            how = f"exited with code {code}" if code >= 0 else f"was ended by signal {-code}"
            return LoadOutcome(None, f"its process {how} while it loaded the code")
        finally:
            self._control.settimeout(None)

    def ask(self, question: Question, timeout_seconds: float) -> Answer | None:
        """Return the answer to a question; None when there is none, because it took too long or crashed.

        Raises:
            LocationUnavailableError: The process is gone.
        """
        with self._send(question) as channel:
            channel.settimeout(timeout_seconds + _MARGIN_SECONDS)
            try:
                return receive_answer(channel)
            except (EOFError, OSError):
                return None

    def start_run(self, request: StartRunRequest) -> ForkedRunProcess:
        """Start the worker of a run.

        Raises:
            LocationUnavailableError: The process is gone.
            LaunchFailedError: The machine has no room for one more process.
        """
        channel = self._send(RunOrder(request))
        channel.settimeout(_START_SECONDS)
        try:
            answer = receive_answer(channel)
        except (EOFError, OSError):
            channel.close()
            raise LocationUnavailableError(self._name, "its process died") from None
        if not isinstance(answer, RunAnswer) or answer.pid is None:
            channel.close()
            raise LaunchFailedError(
                f"no process can be started for run {request.run_id}: this machine has no room for one more"
            )
        return ForkedRunProcess(answer.pid, channel)

    def close(self) -> None:
        """Let the process end when the runs that it has started are over. Harmless when repeated."""
        with self._lock:
            self._control.close()
        try:
            self._process.wait(_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            _ending.append(self._process)

    def _send(self, question: Question) -> socket.socket:
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                send_question(self._control, question, theirs)
        except OSError:
            ours.close()
            raise LocationUnavailableError(self._name, "its process died") from None
        return ours


class ForkedRunProcess(RunProcess):
    """The process of a run: a copy of the process of its location, which keeps the channel open until all is over.

    Args:
        pid: Its id.
        channel: Closes at the other end when all is over.
    """

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self._pid = pid
        self._channel: socket.socket | None = channel

    @property
    @override
    def pid(self) -> int:
        return self._pid

    @override
    def is_over(self) -> bool:
        return self.wait(0.0)

    @override
    def wait(self, timeout_seconds: float | None = None) -> bool:
        if self._channel is None:
            return True
        waiting = select.poll()
        waiting.register(self._channel, select.POLLIN)
        if not waiting.poll(None if timeout_seconds is None else timeout_seconds * 1000):
            return False
        self.close()
        return True

    @override
    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None


def _start(target: LocationTarget, control: socket.socket, log: Path | None) -> subprocess.Popen[bytes]:
    command = python_command(
        "runrack.workspace.location_server", str(control.fileno()), executable=target.executable_path
    )
    output = _open_log(log)
    try:
        return subprocess.Popen(  # noqa: S603 - our own module, in the interpreter that the operator has chosen
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=target.working_directory,
            env=environment_elsewhere(),
            pass_fds=(control.fileno(),),
            start_new_session=True,
        )
    except OSError as error:
        what = f"{error.filename or command[0]}: {error.strerror}"
        raise LocationUnavailableError(
            target.location_name, f"its process cannot be started: {what}"
        ) from error
    finally:
        os.close(output)


def _open_log(log: Path | None) -> int:
    if log is None:
        return os.open(os.devnull, os.O_WRONLY)
    log.parent.mkdir(parents=True, exist_ok=True)
    return os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _forget_ended() -> None:
    _ending[:] = [process for process in _ending if process.poll() is None]
