"""WorkerIdentity: which process of which machine works on a run, written into its claim, so that others can look after it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

from runrack.records.record import Record

_DEDICATED, _SHARED = "worker", "caller"
"""How the text of an identity begins: of a process that is there for the run alone, and of one that is not."""

_START_TIME_FIELD = 19
"""Where the start of a process stands in /proc/PID/stat, counted from after its name."""


class WorkerIdentity(Record, frozen=True):
    """Which process works on a run. As text, it is the owner of the run's claim.

    Attributes:
        machine: The machine, as told from others by its boot and its space of process ids.
        pid: The process; one that is dedicated leads its process group.
        started: When it started, by the kernel's clock: ids of processes are used again, together with this they are not.
        unique: Tells it from every other worker.
        is_dedicated: Whether the process is there for the run alone; one that has called for a job to be run has other things
            to do, and gets no signals from others.
    """

    machine: str
    pid: int
    started: str
    unique: str
    is_dedicated: bool = True

    @classmethod
    def of_this_process(cls, *, is_dedicated: bool = True) -> WorkerIdentity:
        """Return a new identity for this process."""
        return cls(_this_machine(), os.getpid(), _start_of(os.getpid()) or "0", uuid4().hex, is_dedicated)

    @classmethod
    def from_owner(cls, owner: str | None) -> WorkerIdentity | None:
        """Return the worker that owns a claim; None when no worker does."""
        parts = (owner or "").split(":")
        if len(parts) != 5 or parts[0] not in {_DEDICATED, _SHARED} or not parts[2].isdecimal():  # noqa: PLR2004 - as in `owner`
            return None
        return cls(parts[1], int(parts[2]), parts[3], parts[4], parts[0] == _DEDICATED)

    @property
    def owner(self) -> str:
        """The identity as the owner of a claim."""
        prefix = _DEDICATED if self.is_dedicated else _SHARED
        return f"{prefix}:{self.machine}:{self.pid}:{self.started}:{self.unique}"

    @property
    def is_of_this_machine(self) -> bool:
        """Whether this process could see it."""
        return self.machine == _this_machine()

    def is_alive(self) -> bool:
        """Tell whether the process is there, on this machine, and has not ended."""
        return self.is_of_this_machine and _start_of(self.pid) == self.started

    def send_signal(self, number: signal.Signals) -> bool:
        """Send a signal to the process and all that it has started, and tell whether it was there, and there for the run alone."""
        if not self.is_dedicated or not self.is_alive():
            return False
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
            return True
        return False


@cache
def _this_machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = os.readlink("/proc/self/ns/pid").strip("pid:[]")  # noqa: PTH115 - no path
    except OSError:
        return os.uname().nodename.replace(":", "_")
    return f"{boot}.{space}"


def _start_of(pid: int) -> str | None:
    """Return when a process started; None when it is gone or has ended and was not waited for yet."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return _start_without_proc(pid)
    except OSError:
        return None
    state, *fields = text.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else fields[_START_TIME_FIELD - 1]


def _start_without_proc(pid: int) -> str | None:
    if Path("/proc/self/stat").exists():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "0"
