"""Daemon: runs the loops of an instance until it is told to stop."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from uuid import uuid4

from runrack.daemon.clock import Clock
from runrack.daemon.heartbeats import Heartbeats
from runrack.daemon.loop_runner import LoopContext, LoopRunner
from runrack.daemon.loop_state import LoopState
from runrack.daemon.loops import collect_loops
from runrack.instance.daemon_settings import DaemonSettings
from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import DaemonLoop
from runrack.interfaces.workspace import Workspace

_LOOK_SECONDS = 1.0
_LAST_BEAT_SECONDS = 5.0
_logger = logging.getLogger("runrack.daemon")


class Daemon:
    """Runs the loops of an instance, each in a thread of its own. Any number of daemons may serve one instance.

    Args:
        instance: The instance.
        workspace: Where code is loaded from.
        clock: Tells the time.

    Raises:
        InvariantViolationError: Two parts bring loops of the same name.
    """

    def __init__(
        self, instance: Instance, workspace: Workspace | None = None, clock: Clock | None = None
    ) -> None:
        self.owner = str(uuid4())
        self._clock = clock or Clock()
        self._instance = instance
        self._workspace = workspace
        self._settings = DaemonSettings.from_settings(instance.get_settings("daemon"))
        self._stopping = threading.Event()
        self._asked = False
        self._wake_reader, self._wake_writer = os.pipe()
        self._runners = [self._make_runner(loop) for loop in collect_loops(instance, workspace)]
        self._heartbeats = Heartbeats(
            instance.run_storage, self.owner, self._runners, self._settings, self._clock
        )

    @property
    def was_asked_to_stop(self) -> bool:
        """Whether somebody has told the daemon to stop."""
        return self._asked

    @property
    def running_loops(self) -> list[str]:
        """The loops whose threads have not ended."""
        return [runner.loop.name for runner in self._runners if runner.is_running]

    def ask_to_stop(self) -> None:
        """Let `run` end as soon as the rounds under way are over. May be called by a signal handler."""
        self._asked = True
        os.write(self._wake_writer, b"\0")

    def run(self) -> bool:
        """Run the loops until the daemon is told to stop, and return True; or until one is stuck for good, and return False.

        Rounds under way have `stop_timeout_seconds` to end; after that `running_loops` names those that go on.
        """
        _logger.info("the daemon %s runs %s", self.owner, ", ".join(r.loop.name for r in self._runners))
        self._heartbeats.start()
        for runner in self._runners:
            runner.start()
        stuck = self._watch()
        for name in stuck:
            _logger.error("the loop %s is stuck: the daemon ends, so that it is started anew", name)
        _logger.info("the daemon stops")
        self._stop()
        return not stuck

    def run_once(self) -> bool:
        """Do one round of every loop in this thread, and tell whether all went well."""
        results = [runner.run_round() for runner in self._runners if not self._asked]
        self._heartbeats.beat()
        return all(results)

    def close(self) -> None:
        """Release what the daemon holds; it cannot run again."""
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def _make_runner(self, loop: DaemonLoop) -> LoopRunner:
        state = LoopState(loop.name, self._clock)
        return LoopRunner(
            loop, LoopContext(self._instance, self._workspace, self.owner, self._stopping, state)
        )

    def _watch(self) -> list[str]:
        """Wait until the daemon is told to stop, or a loop is stuck for good; return the names of such loops."""
        reported: set[str] = set()
        while True:
            if select.select([self._wake_reader], [], [], _LOOK_SECONDS)[0]:
                return []
            stuck = self._stuck_loops(self._settings.stuck_after_seconds)
            for name in sorted(stuck - reported):
                _logger.error("the loop %s has not got on for %d s", name, self._settings.stuck_after_seconds)
            reported = stuck
            limit = self._settings.exit_after_seconds
            if limit > 0 and (gone := self._stuck_loops(limit)):
                return sorted(gone)

    def _stuck_loops(self, seconds: float) -> set[str]:
        return {runner.loop.name for runner in self._runners if runner.is_stuck(seconds)}

    def _stop(self) -> None:
        self._stopping.set()
        deadline = time.monotonic() + self._settings.stop_timeout_seconds
        for runner in self._runners:
            runner.join(max(0.0, deadline - time.monotonic()))
        for name in self.running_loops:
            _logger.warning(
                "the loop %s was still at work after %d s", name, self._settings.stop_timeout_seconds
            )
        self._heartbeats.stop(_LAST_BEAT_SECONDS)
