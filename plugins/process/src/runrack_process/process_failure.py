"""Why the process of a step has ended: what is known of it, in words that help."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from runrack.errors import StepProcessError
from runrack_process.process_supply import ProcessEnd, StepProcess

_CGROUPS = Path("/sys/fs/cgroup")
_MEBIBYTE = 1 << 20


class MemoryWatch:
    """Tells whether the kernel has killed processes of this one's control group for want of memory since it was made."""

    def __init__(self) -> None:
        self._files = _event_files()
        self._kills = _count_kills(self._files)

    def has_killed(self) -> bool:
        """Tell whether there was a kill since this was last asked."""
        before, self._kills = self._kills, _count_kills(self._files)
        return self._kills > before


def process_failure(process: StepProcess, memory: MemoryWatch) -> StepProcessError:
    """Return the error that says how the process of a step has ended before the step did.

    Args:
        process: The process; it has ended.
        memory: Whether memory was short.
    """
    end = process.end or ProcessEnd(None)
    return StepProcessError(f"Its process {process.pid or ''} {_how(end, memory)}.".replace("  ", " "))


def _how(end: ProcessEnd, memory: MemoryWatch) -> str:
    if end.status is None:
        return "was lost with the fork server, which was killed or could not start another one"
    code = os.waitstatus_to_exitcode(end.status)
    if code >= 0:
        return f"exited with code {code} before the step had ended: something in it called os._exit, or C code exit"
    name = _signal_name(-code)
    if -code != signal.SIGKILL:
        return f"was ended by {name}{_hint(-code)}"
    peak = f"its memory had grown to {end.peak_bytes // _MEBIBYTE} MiB"
    if memory.has_killed():
        return f"was killed by the kernel ({name}), which had run out of memory; {peak}"
    return f"was killed ({name}): by a person or a program, or by the kernel for want of memory; {peak}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _hint(number: int) -> str:
    if number in {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT, signal.SIGFPE}:
        return ": C code in it has crashed"
    return ""


def _event_files() -> list[Path]:
    """Return the files in which the kernel counts such kills, for this process's control group, as far as there are any."""
    if sys.platform != "linux":
        return []
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        below = path.lstrip("/")
        if not controllers:
            found += [_CGROUPS / below / "memory.events", _CGROUPS / "memory.events"]
        elif "memory" in controllers.split(","):
            found += [
                _CGROUPS / "memory" / below / "memory.oom_control",
                _CGROUPS / "memory/memory.oom_control",
            ]
    return [path for path in found if path.is_file()][:1]


def _count_kills(files: list[Path]) -> int:
    for path in files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, number = line.partition(" ")
            if name == "oom_kill" and number.isdecimal():
                return int(number)
    return 0
