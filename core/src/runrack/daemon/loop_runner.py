"""LoopRunner: runs a loop, round after round, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from runrack.daemon.loop_state import LoopState
from runrack.errors import ExecutionInterruptedError
from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import DaemonLoop
from runrack.interfaces.workspace import Workspace

LONGEST_PAUSE_SECONDS = 60.0
"""How long a loop waits at most after a round that failed, unless its own interval is longer."""

_logger = logging.getLogger("runrack.daemon")


@dataclass(frozen=True)
class LoopContext:
    """What a loop may ask of the daemon that runs it: see `DaemonContext`.

    Attributes:
        instance: The instance that the daemon works for.
        workspace: Where code is loaded from, if the daemon was given a workspace.
        owner: The name under which the daemon claims.
        stopping: Set when the daemon is to stop.
        state: How the loop gets on.
    """

    instance: Instance
    workspace: Workspace | None
    owner: str
    stopping: threading.Event
    state: LoopState

    @property
    def is_stopping(self) -> bool:
        """Whether the daemon was asked to stop."""
        return self.stopping.is_set()

    def report_progress(self) -> None:
        """Say that the loop gets on."""
        self.state.report_progress()

    def wait(self, seconds: float) -> bool:
        """Wait, at most until the daemon is asked to stop, and return whether it was."""
        return self.stopping.wait(seconds)


class LoopRunner:
    """Runs a loop until the daemon is to stop. What a round raises is kept, and the next comes later and later.

    Args:
        loop: The loop.
        context: What it may ask of the daemon.
    """

    def __init__(self, loop: DaemonLoop, context: LoopContext) -> None:
        self.loop = loop
        self._context = context
        self._thread = threading.Thread(target=self._work, name=loop.name, daemon=True)

    @property
    def state(self) -> LoopState:
        """How the loop gets on."""
        return self._context.state

    @property
    def is_running(self) -> bool:
        """Whether the thread of the loop has not ended."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread of the loop."""
        self._thread.start()

    def join(self, timeout_seconds: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(timeout_seconds)

    def run_round(self) -> bool:
        """Do one round in this thread, and tell whether it went well."""
        try:
            self.loop.run_once(self._context)
        except (Exception, ExecutionInterruptedError) as error:
            self.state.note_failure(error)
            _logger.exception("a round of the loop %s failed", self.loop.name)
            return False
        self.state.note_success()
        return True

    def is_stuck(self, seconds: float) -> bool:
        """Tell whether the loop has not got on for so long, besides the time that it rests between rounds."""
        return self.state.seconds_without_progress() > self.loop.interval_seconds + seconds

    def pause_seconds(self) -> float:
        """Return how long to wait for the next round: twice as long after each one that failed."""
        interval = self.loop.interval_seconds
        if self.state.failures == 0:
            return interval
        longest = max(interval, LONGEST_PAUSE_SECONDS)
        return min(max(interval, 1.0) * 2.0 ** min(self.state.failures - 1, 16), longest)

    def _work(self) -> None:
        while not self._context.is_stopping:
            self.run_round()
            self._context.wait(self.pause_seconds())
