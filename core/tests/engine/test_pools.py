"""Pools: steps of all runs share slots, also where a run has one process."""

import threading

import pytest

from runrack.definitions.asset import asset
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.engine import execute_job
from runrack.errors import InvalidDefinitionError
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType


@op(pool="license")
def licensed():
    pass


@op
def free():
    pass


@job
def mixed():
    licensed()
    free()


@pytest.fixture
def instance():
    with Instance.ephemeral() as opened:
        yield opened


def started(result):
    return [event.step_key for event in result.events if event.event_type == EventType.STEP_START]


def test_a_pool_is_a_tag_of_the_op():
    """`pool=` and the tag `runrack/concurrency_key` are the same; the job's snapshot names it."""
    tagged = op("tagged", tags={"runrack/concurrency_key": "license"})(lambda: None)
    made = asset("made", pool="license")(lambda: None)
    assert (licensed.pool, tagged.pool, made.op.pool, free.pool) == ("license", "license", "license", None)
    assert [each.concurrency_key for each in mixed.snapshot.ops] == ["license", None]


def test_two_pools_are_refused():
    """An op has one pool, with a name."""
    with pytest.raises(InvalidDefinitionError, match="has two pools, 'a' and its tag"):
        op("two", pool="a", tags={"runrack/concurrency_key": "b"})(lambda: None)
    with pytest.raises(InvalidDefinitionError, match="pool of op"):
        op("nameless", pool="")(lambda: None)


def test_a_pool_without_a_limit_limits_nothing(instance):
    """Steps of a pool that nobody has given slots run as all others."""
    assert started(execute_job(mixed, instance)) == ["licensed", "free"]


def test_a_step_waits_for_its_slot_and_lets_others_pass(instance):
    """Another run holds the only slot: the step of the pool runs when it is given back, the other one before."""
    slots = instance.event_log_storage
    slots.set_concurrency_slots("license", 1)
    slots.claim_concurrency_slot("license", "another-run", "step")

    @op
    def give_back():
        slots.free_concurrency_slots_for_run("another-run")

    @job
    def giving_back():
        licensed()
        give_back()

    assert started(execute_job(giving_back, instance)) == ["give_back", "licensed"]
    assert slots.get_concurrency_info("license").claimed == ()


def test_a_run_that_only_waits_goes_on_when_a_slot_is_free(instance):
    """What it had to say before is stored while it waits."""
    slots = instance.event_log_storage
    slots.set_concurrency_slots("license", 1)
    slots.claim_concurrency_slot("license", "another-run", "step")

    @job
    def waiting():
        licensed()

    found = []
    runner = threading.Thread(target=lambda: found.append(execute_job(waiting, instance)))
    runner.start()
    while not slots.get_concurrency_info("license").pending:
        assert runner.is_alive()
    (run,) = instance.get_runs()
    assert run.status.value == "STARTED"
    slots.free_concurrency_slots_for_run("another-run")
    runner.join()
    assert started(found[0]) == ["licensed"]


def test_a_failed_step_gives_its_slot_back(instance):
    """Whatever ends a step, another may have its slot."""
    slots = instance.event_log_storage
    slots.set_concurrency_slots("license", 1)

    @op(pool="license")
    def fail():
        raise ValueError("out of paper")

    @job
    def failing():
        fail()
        fail()
        licensed()

    assert started(execute_job(failing, instance)) == ["fail", "fail_2", "licensed"]
    assert slots.get_concurrency_info("license").claimed == ()
