"""How a long piece of work tells how far it is."""

from collections.abc import Callable

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is in all; the last may be an estimate."""


def silent(what: str, done: int, total: int) -> None:
    """Report to nobody."""
