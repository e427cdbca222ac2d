"""DaemonLoop: work that a part needs done again and again, in the background."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from runrack.interfaces.part import InstanceServices
    from runrack.interfaces.workspace import Workspace


class DaemonContext(Protocol):
    """What a loop may ask of the daemon that runs it."""

    @property
    def instance(self) -> InstanceServices:
        """The instance that the daemon works for."""
        ...

    @property
    def workspace(self) -> Workspace | None:
        """Where code is loaded from, when the daemon was given a workspace."""
        ...

    @property
    def owner(self) -> str:
        """The uuid of the daemon's process: the name under which it claims."""
        ...

    @property
    def is_stopping(self) -> bool:
        """Whether the daemon was asked to stop: a loop begins nothing new then."""
        ...

    def report_progress(self) -> None:
        """Say that the loop is alive and gets on. A loop that says nothing for long counts as stuck."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait, at most until the daemon is asked to stop, and return whether it was."""
        ...


class DaemonLoop(ABC):
    """One kind of background work, done in rounds. Any number of daemons may run it at the same time."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the loop is called: in heartbeats, in logs, and on the command line."""

    @property
    @abstractmethod
    def interval_seconds(self) -> float:
        """How long to wait between the end of one round and the beginning of the next."""

    @abstractmethod
    def run_once(self, context: DaemonContext) -> None:
        """Do one round.

        - Work that many daemons share is claimed under `context.owner` before it is done.
        - Whatever this raises is kept and shown as the loop's error; the next round comes all the same.
        """


@runtime_checkable
class SupportsDaemonLoops(Protocol):
    """A part that needs background work."""

    def daemon_loops(self) -> Sequence[DaemonLoop]:
        """Return the loops that a daemon runs for the part."""
        ...
