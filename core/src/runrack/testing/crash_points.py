"""Crash points: a process that is killed before or after the Nth call of its database driver.

Nothing of it is in the code under test: Python's own profiler tells of each call.
"""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

_DRIVERS = frozenset({"sqlite3", "psycopg", "pymysql"})
_CALLS = frozenset({"execute", "executemany", "commit", "rollback", "query"})
_MOMENTS = frozenset({"call", "return", "c_call", "c_return"})


class _Countdown:
    """Kills this process at the Nth crash point."""

    def __init__(self, points: int) -> None:
        self._points = points

    def profile(self, frame: FrameType, moment: str, function: Any) -> None:
        if moment in _MOMENTS and _is_of_driver(frame, moment, function):
            self._points -= 1
            if self._points == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def is_killed_at(point: int, work: Callable[[], object]) -> bool:
    """Do some work in a forked child that is killed at its Nth crash point, and tell whether it was.

    The work must not need the threads of this process.

    Args:
        point: Which crash point, from 1.
        work: What the child does.

    Raises:
        ChildProcessError: The work failed in the child, which has printed why.
    """
    child = os.fork()
    if child == 0:
        _work_until(point, work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status != 0:
        raise ChildProcessError("what was to be killed has failed instead: its output says why")
    return False


def _work_until(point: int, work: Callable[[], object]) -> None:
    code = 1
    try:
        sys.setprofile(_Countdown(point).profile)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - the child must end here, whatever it is
        sys.setprofile(None)
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(code)


def _is_of_driver(frame: FrameType, moment: str, function: Any) -> bool:
    if moment.startswith("c_"):
        name, module = function.__name__, type(getattr(function, "__self__", None)).__module__
    else:
        name, module = frame.f_code.co_name, frame.f_globals.get("__name__", "")
    return name in _CALLS and module.partition(".")[0] in _DRIVERS
