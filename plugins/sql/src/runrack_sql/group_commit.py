"""GroupCommit: lets threads that write at the same time share one transaction."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from runrack_sql.fork import watch_forks

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

MOST_ITEMS = 1000
"""How many items one transaction takes from those who wait, unless a single call has more."""


class _Call(Generic[ItemT, ResultT]):
    """What one thread wants to write.

    Attributes:
        items: What to write.
        results: What came of each item, once that is committed.
    """

    def __init__(self, items: Sequence[ItemT]) -> None:
        self.items = items
        self.results: Sequence[ResultT] | None = None
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def wait(self) -> None:
        """Wait until another thread wakes this one."""
        self._asleep.acquire()

    def wake(self) -> None:
        """Let the thread of the call go on. Once only."""
        self._asleep.release()


class GroupCommit(Generic[ItemT, ResultT]):
    """Writes items, and those of all threads that wait meanwhile, in one transaction.

    - While one thread, the leader, has a transaction, the others wait; then the first of them leads, and writes the items
      of all who wait by then, in their order. A thread that finds no leader leads at once.
    - A call returns after the commit.
    - When a transaction of several calls fails, each of them is made again in one of its own, so that what is wrong with
      one concerns no other. It must be harmless to write an item again whose commit was not answered.

    Args:
        write: Writes items in one transaction, all or none, and returns what came of each.
    """

    def __init__(self, write: Callable[[Sequence[ItemT]], Sequence[ResultT]]) -> None:
        self._write = write
        self.after_fork_in_child()
        watch_forks(self)

    def write(self, items: Sequence[ItemT]) -> Sequence[ResultT]:
        """Write the items, all or none, and return what came of each.

        Raises:
            StorageError: The database cannot be used; the class says why.
        """
        call: _Call[ItemT, ResultT] = _Call(items)
        try:
            if not self._join(call):
                call.wait()
            if self._leader is call:
                self._lead()
        finally:  # also when an interruption ends the waiting: nobody must wait for a leader who is gone
            self._leave(call)
        return self._write(items) if call.results is None else call.results

    def before_fork(self) -> None:
        """As `Forkable.before_fork`: nothing to wait for."""

    def after_fork_in_parent(self) -> None:
        """As `Forkable.after_fork_in_parent`."""

    def after_fork_in_child(self) -> None:
        """As `Forkable.after_fork_in_child`: the threads that wait or lead stay with the parent."""
        self._lock = threading.Lock()
        self._waiting: list[_Call[ItemT, ResultT]] = []
        self._leader: _Call[ItemT, ResultT] | None = None

    def _join(self, call: _Call[ItemT, ResultT]) -> bool:
        """Let a call wait, and tell whether it leads."""
        with self._lock:
            self._waiting.append(call)
            if self._leader is None:
                self._leader = call
            return self._leader is call

    def _leave(self, call: _Call[ItemT, ResultT]) -> None:
        """Make sure that a call waits no more, and that another leads if it was this one."""
        with self._lock:
            if call in self._waiting:
                self._waiting.remove(call)
            if self._leader is call:
                self._leader = self._waiting[0] if self._waiting else None
                if self._leader is not None:
                    self._leader.wake()

    def _lead(self) -> None:
        """Write for all who wait; calls that are left without results have to be made again."""
        calls = self._take()
        if len(calls) == 1:
            calls[0].results = self._write(calls[0].items)
            return
        try:
            with suppress(Exception):
                self._write_together(calls)
        finally:
            for call in calls[1:]:
                call.wake()

    def _take(self) -> Sequence[_Call[ItemT, ResultT]]:
        """Return the first of the calls that wait, the leader's own before all others."""
        with self._lock:
            count, items = 1, len(self._waiting[0].items)
            for call in self._waiting[1:]:
                items += len(call.items)
                if items > MOST_ITEMS:
                    break
                count += 1
            calls, self._waiting = self._waiting[:count], self._waiting[count:]
        return calls

    def _write_together(self, calls: Sequence[_Call[ItemT, ResultT]]) -> None:
        results = iter(self._write([item for call in calls for item in call.items]))
        for call in calls:
            call.results = [next(results) for _ in call.items]
