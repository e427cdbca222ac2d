"""Heartbeats: stores the sign of life of every loop, from a thread that does nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from runrack.daemon.clock import Clock
from runrack.daemon.loop_runner import LoopRunner
from runrack.instance.daemon_settings import DaemonSettings
from runrack.interfaces.run_storage import HeartbeatStore
from runrack.records.heartbeat import DaemonHeartbeat

_BEATS_MISSED = 3
_logger = logging.getLogger("runrack.daemon")


class Heartbeats:
    """Stores signs of life. When that fails, it is tried again; no loop feels it.

    Each kind of loop has one place in the storage, for any number of daemons: there, one that is stuck gives way to one
    that gets on.

    Args:
        store: Where they are kept.
        owner: The daemon.
        runners: Its loops.
        settings: How often, and when a loop is stuck.
        clock: Tells the time.
    """

    def __init__(
        self,
        store: HeartbeatStore,
        owner: str,
        runners: Sequence[LoopRunner],
        settings: DaemonSettings,
        clock: Clock,
    ) -> None:
        self._store = store
        self._owner = owner
        self._runners = runners
        self._settings = settings
        self._clock = clock
        self._ended = threading.Event()
        self._is_failing = False
        self._thread = threading.Thread(target=self._work, name="heartbeats", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """End the thread after a last beat."""
        self._ended.set()
        self._thread.join(timeout_seconds)

    def beat(self) -> None:
        """Store the sign of life of every loop now."""
        try:
            stored = self._store.get_daemon_heartbeats()
            for runner in self._runners:
                if not self._gives_way(runner, stored.get(runner.state.name)):
                    self._store.add_daemon_heartbeat(self._heartbeat_of(runner))
        except Exception as error:  # noqa: BLE001 - whatever the storage raises, the loops go on
            if not self._is_failing:
                _logger.warning("no signs of life can be stored now: %s", error)
            self._is_failing = True
        else:
            self._is_failing = False

    def _work(self) -> None:
        self.beat()
        while not self._ended.wait(self._settings.heartbeat_interval_seconds):
            self.beat()
        self.beat()

    def _gives_way(self, runner: LoopRunner, other: DaemonHeartbeat | None) -> bool:
        """Tell whether the loop is stuck here and gets on in another daemon."""
        if other is None or other.daemon_id == self._owner:
            return False
        seconds = self._settings.stuck_after_seconds
        if not runner.is_stuck(seconds):
            return False
        now = self._clock.now()
        is_alive = now - other.timestamp <= _BEATS_MISSED * self._settings.heartbeat_interval_seconds
        allowed = runner.loop.interval_seconds + seconds
        return is_alive and other.last_progress is not None and now - other.last_progress <= allowed

    def _heartbeat_of(self, runner: LoopRunner) -> DaemonHeartbeat:
        state = runner.state
        return DaemonHeartbeat(self._clock.now(), state.name, self._owner, state.errors, state.last_progress)
