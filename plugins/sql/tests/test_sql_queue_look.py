"""What a look at a queue has found out holds until it is old, or a place is free."""

import pytest

from runrack.records.run_queue import QueueGate, QueueLimits, RunsInProgress, TagLimit
from runrack.testing.clock import ManualClock
from runrack_sql.queue_look import MOST_SECONDS, QueueLook

LIMITS = QueueLimits(10, (TagLimit("team", 1, is_per_value=True), TagLimit("gpu", 2)))


def gate(**in_progress):
    return QueueGate(LIMITS, RunsInProgress(3, in_progress))


FULL = {"team": {"a": 1, "b": 0}, "gpu": {"big": 2}}


@pytest.fixture
def clock():
    return ManualClock()


def test_a_look_holds_while_the_same_tags_are_full(clock):
    """It holds when as many tags are full as then, or more; not when one of them has room."""
    look = QueueLook.of(gate(**FULL), 0, 1.0, clock.steady)
    assert look.full == {("team", "a"), "gpu"}
    assert look.holds(gate(**FULL))
    assert look.holds(gate(team={"a": 1, "b": 1}, gpu={"big": 1, "small": 1}))
    assert not look.holds(gate(team={"b": 1}, gpu={"big": 2}))
    assert not look.holds(gate(team={"a": 1}, gpu={"big": 1}))


@pytest.mark.parametrize(("took", "holds_for"), [(0.01, 0.2), (0.5, 10.0), (60.0, MOST_SECONDS)])
def test_a_look_becomes_old(clock, took, holds_for):
    """It holds for twenty times as long as it took, and never for more than half a minute."""
    look = QueueLook.of(gate(**FULL), 0, took, clock.steady)
    clock.advance(0.9 * holds_for)
    assert look.holds(gate(**FULL))
    clock.advance(0.1 * holds_for)
    assert not look.holds(gate(**FULL))
