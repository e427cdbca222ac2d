"""Keeps connections out of forked processes: one, and the locks around it, must not be used on both sides."""

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """What has connections that a fork must not copy."""

    def before_fork(self) -> None:
        """Wait until nobody else uses a connection, close all, and let nobody open one."""
        ...

    def after_fork_in_parent(self) -> None:
        """Let connections be opened again."""
        ...

    def after_fork_in_child(self) -> None:
        """Forget everything that belongs to the parent."""
        ...


_forkables: "weakref.WeakSet[Forkable]" = weakref.WeakSet()
_first: "weakref.WeakSet[Forkable]" = weakref.WeakSet()


def watch_forks(forkable: Forkable, *, comes_first: bool = False) -> None:
    """Tell `forkable` about forks for as long as it exists, and when it `comes_first`, before all that do not."""
    (_first if comes_first else _forkables).add(forkable)


def _before() -> None:
    for forkable in [*_first, *_forkables]:
        forkable.before_fork()


def _after_in_parent() -> None:
    for forkable in [*_first, *_forkables]:
        forkable.after_fork_in_parent()


def _after_in_child() -> None:
    for forkable in [*_first, *_forkables]:
        forkable.after_fork_in_child()


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
