"""CallGate: lets no call be under way while the process forks."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from runrack_sql.fork import watch_forks


class CallGate:
    """Counts calls that use several databases, each of which a fork has to close.

    A fork closes one database after the other. A call that has one and waits for the next would wait for the fork, and the
    fork for the call: so the fork waits here first, until no call is under way.
    """

    def __init__(self) -> None:
        self.after_fork_in_child()
        watch_forks(self, comes_first=True)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be under way. Not within itself."""
        with self._changed:
            self._calls += 1
        try:
            yield
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()

    def before_fork(self) -> None:
        """As `Forkable.before_fork`."""
        self._changed.acquire()
        self._changed.wait_for(lambda: self._calls == 0)

    def after_fork_in_parent(self) -> None:
        """As `Forkable.after_fork_in_parent`."""
        self._changed.release()

    def after_fork_in_child(self) -> None:
        """As `Forkable.after_fork_in_child`."""
        self._changed = Condition()
        self._calls = 0
