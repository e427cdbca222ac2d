"""Threads that share transactions."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from runrack.errors import ExecutionInterruptedError
from runrack_sql.group_commit import MOST_ITEMS, GroupCommit

WRITERS = 8


class FakeDatabase:
    """Notes what each transaction wrote; the first one waits until it may go on."""

    def __init__(self):
        self.transactions = []
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def write(self, items):
        written = []
        self.has_begun.set()
        assert self.may_go_on.wait(10)
        for item in items:
            if item == "bad":
                raise ValueError("bad")
            if item == "interrupted":
                raise ExecutionInterruptedError("interrupted")
            written.append(item)
        self.transactions.append(written)
        return [f"{item} is written" for item in items]


@pytest.fixture
def database():
    return FakeDatabase()


@pytest.fixture
def group(database):
    return GroupCommit(database.write)


@pytest.fixture
def write_while_busy(database, group):
    """Writes "first", and while that is under way, in this order and by a thread each, what it is given."""

    def write(*calls):
        with ThreadPoolExecutor(WRITERS + 1) as pool:
            first = pool.submit(group.write, ["first"])
            assert database.has_begun.wait(10)
            futures = []
            for items in calls:
                futures.append(pool.submit(group.write, items))
                while len(group._waiting) < len(futures):
                    os.sched_yield()
            database.may_go_on.set()
        assert first.result() == ["first is written"]
        return futures

    return write


def test_a_lone_thread_has_a_transaction_for_each_call(database, group):
    """Without others, each call is written by itself, and returns what came of its items."""
    database.may_go_on.set()
    assert group.write(["a", "b"]) == ["a is written", "b is written"]
    assert group.write(["c"]) == ["c is written"]
    assert database.transactions == [["a", "b"], ["c"]]


def test_threads_that_wait_share_the_next_transaction(database, write_while_busy):
    """All who asked during a transaction are written in the next one, in their order; each gets its own results."""
    futures = write_while_busy(*([f"{number}a", f"{number}b"] for number in range(WRITERS)))
    assert database.transactions == [
        ["first"],
        [f"{number}{letter}" for number in range(WRITERS) for letter in "ab"],
    ]
    assert [future.result() for future in futures] == [
        [f"{number}a is written", f"{number}b is written"] for number in range(WRITERS)
    ]


def test_a_shared_transaction_is_limited(database, write_while_busy):
    """Calls that are too many for one transaction go on to the next; a call is never divided."""
    half, more = ["x"] * (MOST_ITEMS // 2), ["y"] * (MOST_ITEMS + 1)
    write_while_busy(half, half, ["z"], more)
    assert database.transactions == [["first"], [*half, *half], ["z"], more]


def test_what_fails_for_its_own_sake_fails_alone(database, write_while_busy):
    """A call that cannot be written raises; those who shared its transaction are written."""
    good, bad, other = write_while_busy(["good"], ["x", "bad"], ["other"])
    assert good.result() == ["good is written"]
    assert other.result() == ["other is written"]
    with pytest.raises(ValueError, match="bad"):
        bad.result()
    assert sorted(database.transactions) == [["first"], ["good"], ["other"]]


def test_an_interrupted_leader_leaves_no_one_waiting(database, group, write_while_busy):
    """When a signal ends the leader in the middle, the others write by themselves, and the next calls go on."""
    leader, follower = write_while_busy(["interrupted"], ["follower"])
    with pytest.raises(ExecutionInterruptedError):
        leader.result()
    assert follower.result() == ["follower is written"]
    assert group.write(["next"]) == ["next is written"]


def test_many_threads_lose_nothing(database, group):
    """Whatever the timing, each call is written once."""
    database.may_go_on.set()
    with ThreadPoolExecutor(WRITERS) as pool:
        results = list(pool.map(lambda number: group.write([number]), range(1000)))
    assert results == [[f"{number} is written"] for number in range(1000)]
    written = [item for transaction in database.transactions for item in transaction]
    assert sorted(written) == list(range(1000))


def test_a_forked_process_does_not_wait_for_its_parent(database, group):
    """A child that is forked off while another thread leads writes by itself."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(group.write, ["parent"])
        assert database.has_begun.wait(10)
        process = os.fork()
        if process == 0:
            database.may_go_on = threading.Event()
            database.may_go_on.set()
            os._exit(group.write(["child"]) != ["child is written"])
        database.may_go_on.set()
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
