"""QueueWatch: notices that runs could be launched and nobody launches them."""

from __future__ import annotations

from typing_extensions import override

from runrack.daemon.clock import Clock
from runrack.errors import InvariantViolationError
from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import DaemonContext, DaemonLoop
from runrack.interfaces.run_coordinator import SupportsQueue
from runrack.records.run_queue import QueueGate

_LOOKED_AT = 100


class QueueWatch(DaemonLoop):
    """Fails while a run whose turn it is, and that no limit keeps waiting, is not claimed by any daemon.

    A loop that hands out runs may go on without handing out any: that looks like an empty queue, except from here. The
    rounds that fail are shown as errors; when it stays like that, the daemon ends, and is started anew.

    Args:
        instance: Whose queue it is.
        seconds: For how long one and the same run may be left.
        clock: Tells the time.
    """

    def __init__(self, instance: Instance, seconds: float, clock: Clock | None = None) -> None:
        self._instance = instance
        self._seconds = seconds
        self._clock = clock or Clock()
        self._left: str | None = None
        self._since = 0.0

    @property
    @override
    def name(self) -> str:
        return "queue_watch"

    @property
    @override
    def interval_seconds(self) -> float:
        return 30.0

    @override
    def run_once(self, context: DaemonContext) -> None:
        run_id = self._first_that_may_go(context)
        if run_id is None or run_id != self._left:
            self._left, self._since = run_id, self._clock.steady()
            return
        left_for = self._clock.steady() - self._since
        if left_for > self._seconds:
            raise InvariantViolationError(
                f"run {run_id} could have been launched for {left_for:.0f} s, and no daemon has taken it: look at the "
                "loop that launches runs in `runrack daemon status`"
            )

    def _first_that_may_go(self, context: DaemonContext) -> str | None:
        """Return the first of the queued runs that no limit keeps waiting and nobody holds; None when there is none."""
        coordinator, storage = self._instance.run_coordinator, self._instance.run_storage
        if not isinstance(coordinator, SupportsQueue):
            return None
        limits = coordinator.get_queue_limits(context.workspace)
        gate = QueueGate(limits, storage.count_in_progress(limits.keys))
        if not gate.has_room:
            return None
        free = (record.run for record in storage.list_queued(_LOOKED_AT) if record.owner is None)
        return next((run.run_id for run in free if gate.find_full(run.tags) is None), None)
