"""The loop that notices that nobody launches what could be launched."""

import pytest

from runrack.daemon.queue_watch import QueueWatch
from runrack.errors import InvariantViolationError
from runrack.records.event_type import EventType
from runrack.records.run_queue import QueueLimits


@pytest.fixture
def watch(instance, make_context, clock):
    loop = QueueWatch(instance, 300, clock)
    context = make_context(instance)
    return lambda: loop.run_once(context)


def test_run_that_nobody_takes_is_told(instance, add_run, watch, clock):
    """When one and the same run could be launched for too long, each round fails until somebody takes it."""
    run = add_run(instance, EventType.RUN_ENQUEUED)
    watch()
    clock.advance(299)
    watch()
    clock.advance(2)
    with pytest.raises(InvariantViolationError, match=run.run_id):
        watch()
    instance.run_storage.claim("daemon", 60)
    watch()


def test_queue_that_moves_on_is_well(instance, add_run, watch, clock):
    """Another run that waits each time is a queue at work."""
    for _ in range(5):
        add_run(instance, EventType.RUN_ENQUEUED)
        watch()
        clock.advance(200)
        instance.run_storage.claim("daemon", 60)


def test_runs_that_a_limit_keeps_waiting_are_well(instance, add_run, watch, clock, coordinator):
    """However long they wait, nobody could have taken them."""
    coordinator.get_queue_limits = lambda workspace=None: QueueLimits(max_runs=0)
    add_run(instance, EventType.RUN_ENQUEUED)
    for _ in range(3):
        watch()
        clock.advance(1000)
