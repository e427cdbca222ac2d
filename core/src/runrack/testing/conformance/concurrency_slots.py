"""ConcurrencySlotsTests: how many steps may hold a key at once."""

import pytest

from runrack.errors import InvalidArgumentError
from runrack.interfaces.concurrency_slots import MAX_CONCURRENCY_SLOTS
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.concurrency import ConcurrencyKeyInfo, SlotHolder
from runrack.testing.conformance import worker
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_processes, in_threads, needs


def _claim(storage: EventLogStorage, step_key: str, priority: int = 0, run_id: str = "run") -> bool:
    return storage.claim_concurrency_slot("key", run_id, step_key, priority).is_claimed


def _holds(storage: EventLogStorage, step_key: str, run_id: str = "run") -> bool:
    return storage.check_concurrency_claim("key", run_id, step_key).is_claimed


def _claimed_and_pending(storage: EventLogStorage) -> tuple[list[str], list[str]]:
    info = storage.get_concurrency_info("key")
    return [holder.step_key for holder in info.claimed], [holder.step_key for holder in info.pending]


class ConcurrencySlotsTests(ConformanceSuite[EventLogStorage]):
    """What a `ConcurrencySlots` does."""

    def test_an_unknown_key_has_no_slots(self, storage: EventLogStorage) -> None:
        """An unknown key has 0 slots, is not listed, and gives none.

        Look at what you return when no row is found: an info of nothing, and a claim that does not hold.
        """
        assert storage.get_concurrency_info("key") == ConcurrencyKeyInfo("key", 0)
        assert storage.get_concurrency_keys() == set()
        assert (_holds(storage, "a"), _claim(storage, "a")) == (False, False)

    def test_keys_have_limits_of_their_own(self, storage: EventLogStorage) -> None:
        """Keys with a limit are listed, compared by code point, each with its own count.

        Look at the collation of the key's column, and at the condition on the key in each count.
        """
        for count, key in enumerate(("key", "KEY", "k%y")):
            storage.set_concurrency_slots(key, count)
        assert storage.get_concurrency_keys() == {"key", "KEY", "k%y"}
        found = [storage.get_concurrency_info(key).slot_count for key in ("key", "KEY", "k%y", "k_y")]
        assert found == [0, 1, 2, 0]

    @pytest.mark.parametrize("slot_count", [-1, MAX_CONCURRENCY_SLOTS + 1])
    def test_the_number_of_slots_is_bounded(self, storage: EventLogStorage, slot_count: int) -> None:
        """A count outside of 0 to 1000 raises InvalidArgumentError and changes nothing.

        Look at the check of the argument: it comes before the row is written.
        """
        storage.set_concurrency_slots("key", MAX_CONCURRENCY_SLOTS)
        with pytest.raises(InvalidArgumentError):
            storage.set_concurrency_slots("key", slot_count)
        assert storage.get_concurrency_info("key").slot_count == MAX_CONCURRENCY_SLOTS

    def test_steps_beyond_the_limit_wait(self, storage: EventLogStorage) -> None:
        """As many steps as there are slots hold the key; the next one waits.

        Look at the count of holders: it is taken in the transaction that adds one.
        """
        storage.set_concurrency_slots("key", 2)
        assert [_claim(storage, step_key) for step_key in "abc"] == [True, True, False]
        assert _claimed_and_pending(storage) == (["a", "b"], ["c"])
        assert [_holds(storage, step_key) for step_key in "abcd"] == [True, True, False, False]

    def test_a_check_claims_nothing(self, storage: EventLogStorage) -> None:
        """Checking gives no slot and makes nobody wait, even when slots are free.

        Look for a write in the check: it neither holds a slot nor stands in the queue.
        """
        storage.set_concurrency_slots("key", 1)
        assert _holds(storage, "a") is False
        assert (_claimed_and_pending(storage), storage.get_concurrency_run_ids()) == (([], []), set())

    def test_a_step_counts_once(self, storage: EventLogStorage) -> None:
        """Claiming again, holding or waiting, changes nothing.

        Look at the unique key of claims: key, run and step; and at what a repeated claim updates.
        """
        storage.set_concurrency_slots("key", 2)
        assert [_claim(storage, step_key) for step_key in "aabcc"] == [True, True, True, False, False]
        assert _claimed_and_pending(storage) == (["a", "b"], ["c"])

    def test_a_step_is_one_of_a_run(self, storage: EventLogStorage) -> None:
        """Steps of the same name in two runs are two steps.

        Look at the conditions on the step: each goes with one on the run.
        """
        storage.set_concurrency_slots("key", 1)
        assert [_claim(storage, "a", run_id=run_id) for run_id in ("1", "2")] == [True, False]
        assert (_holds(storage, "a", "1"), _holds(storage, "a", "2")) == (True, False)

    def test_a_freed_slot_goes_to_who_waited_longest(self, storage: EventLogStorage) -> None:
        """Who waits is served in the order of claiming, as soon as a slot is freed.

        Look at the order in which those who wait are served: by when they claimed first.
        """
        storage.set_concurrency_slots("key", 1)
        for step_key in "abc":
            _claim(storage, step_key)
        storage.free_concurrency_slot_for_step("run", "a")
        assert _claimed_and_pending(storage) == (["b"], ["c"])
        storage.free_concurrency_slot_for_step("run", "b")
        assert _claimed_and_pending(storage) == (["c"], [])

    def test_priority_goes_before_waiting(self, storage: EventLogStorage) -> None:
        """A higher priority is served first, equal ones by waiting; a negative one last.

        Look at the order: priority as a number, descending, then the order of claiming.
        """
        storage.set_concurrency_slots("key", 1)
        _claim(storage, "holder")
        for step_key, priority in (("low", -1), ("first", 0), ("high", 5), ("second", 0)):
            _claim(storage, step_key, priority)
        assert _claimed_and_pending(storage) == (["holder"], ["high", "first", "second", "low"])
        served = []
        for _ in range(4):
            (holder,), _ = _claimed_and_pending(storage)
            storage.free_concurrency_slot_for_step("run", holder)
            served += _claimed_and_pending(storage)[0]
        assert served == ["high", "first", "second", "low"]

    def test_holders_are_named(self, storage: EventLogStorage) -> None:
        """The info names run, step and priority of who holds and who waits.

        Look at what the info is made from: the same rows by which claims are decided.
        """
        storage.set_concurrency_slots("key", 1)
        _claim(storage, "a", 3, run_id="1")
        _claim(storage, "b", -2, run_id="2")
        assert storage.get_concurrency_info("key") == ConcurrencyKeyInfo(
            "key", 1, (SlotHolder("1", "a", 3),), (SlotHolder("2", "b", -2),)
        )

    def test_a_shrinking_limit_takes_nothing_away(self, storage: EventLogStorage) -> None:
        """When the limit shrinks, holders stay; nobody is served until there is room again.

        Look at the change of the limit: it deletes no holder, and a free slot is limit minus holders.
        """
        storage.set_concurrency_slots("key", 2)
        for step_key in "abc":
            _claim(storage, step_key)
        storage.set_concurrency_slots("key", 1)
        assert _claimed_and_pending(storage) == (["a", "b"], ["c"])
        storage.free_concurrency_slot_for_step("run", "a")
        assert _claimed_and_pending(storage) == (["b"], ["c"])
        storage.free_concurrency_slot_for_step("run", "b")
        assert _claimed_and_pending(storage) == (["c"], [])

    def test_a_growing_limit_serves_who_waits(self, storage: EventLogStorage) -> None:
        """When the limit grows, those who wait are served at once, by priority.

        Look at whether a changed limit gives the new slots to those who wait, in the same transaction.
        """
        storage.set_concurrency_slots("key", 0)
        for step_key, priority in (("a", 0), ("b", 1), ("c", 2)):
            assert _claim(storage, step_key, priority) is False
        storage.set_concurrency_slots("key", 2)
        assert (_holds(storage, "a"), _holds(storage, "b"), _holds(storage, "c")) == (False, True, True)

    def test_a_finished_run_frees_everything(self, storage: EventLogStorage) -> None:
        """Freeing a run frees its slots of every key and takes it out of every queue; others are served.

        Look at the conditions of the deletion (the run, all keys), and at who is served after it.
        """
        for key in ("key", "other"):
            storage.set_concurrency_slots(key, 1)
            storage.claim_concurrency_slot(key, "1", "a")
            storage.claim_concurrency_slot(key, "1", "b")
            storage.claim_concurrency_slot(key, "2", "a")
        assert storage.get_concurrency_run_ids() == {"1", "2"}
        storage.free_concurrency_slots_for_run("1")
        assert storage.get_concurrency_run_ids() == {"2"}
        for key in ("key", "other"):
            assert storage.get_concurrency_info(key).claimed == (SlotHolder("2", "a"),)
            assert storage.get_concurrency_info(key).pending == ()

    def test_a_finished_step_frees_its_slots_only(self, storage: EventLogStorage) -> None:
        """Freeing a step leaves the other steps of its run; a step that waits leaves the queue.

        Look at the conditions of the deletion: the run and the step, holding or waiting.
        """
        storage.set_concurrency_slots("key", 2)
        for step_key in "abcd":
            _claim(storage, step_key)
        storage.free_concurrency_slot_for_step("run", "c")
        assert _claimed_and_pending(storage) == (["a", "b"], ["d"])
        storage.free_concurrency_slot_for_step("run", "a")
        assert _claimed_and_pending(storage) == (["b", "d"], [])

    def test_freeing_nothing_is_no_error(self, storage: EventLogStorage) -> None:
        """Freeing an unknown run or step changes nothing.

        Look for an error, or a slot given away, when no row was deleted.
        """
        storage.set_concurrency_slots("key", 1)
        _claim(storage, "a")
        storage.free_concurrency_slots_for_run("x")
        storage.free_concurrency_slot_for_step("run", "x")
        storage.free_concurrency_slot_for_step("x", "a")
        assert _claimed_and_pending(storage) == (["a"], [])

    def test_a_deleted_limit_is_forgotten(self, storage: EventLogStorage) -> None:
        """Deleting a limit forgets the key, its holders and who waits; an unknown key is no error.

        Look at what else belongs to the key: holders and those who wait.
        """
        storage.set_concurrency_slots("key", 1)
        _claim(storage, "a")
        _claim(storage, "b")
        storage.delete_concurrency_limit("key")
        storage.delete_concurrency_limit("unknown")
        assert (storage.get_concurrency_keys(), storage.get_concurrency_run_ids()) == (set(), set())
        storage.set_concurrency_slots("key", 1)
        assert _claimed_and_pending(storage) == ([], [])

    def test_deleting_a_log_frees_the_run(self, storage: EventLogStorage) -> None:
        """`delete_events` frees the slots of the run.

        Look at `delete_events`: it frees the run as `free_concurrency_slots_for_run` does.
        """
        storage.set_concurrency_slots("key", 1)
        _claim(storage, "a", run_id="1")
        _claim(storage, "a", run_id="2")
        storage.delete_events("1")
        assert _holds(storage, "a", "2")

    def test_threads_never_hold_more_than_there_are(self, storage: EventLogStorage) -> None:
        """Of 8 threads that claim 3 slots at once, exactly 3 are told that they hold one.

        Look at the lock around counting and claiming: two counts must not come before both claims.
        """
        storage.set_concurrency_slots("key", 3)
        assert sum(in_threads(lambda number: _claim(storage, f"{number}"))) == 3
        claimed, pending = _claimed_and_pending(storage)
        assert (len(claimed), len(pending)) == (3, 5)

    def test_threads_pass_slots_on(self, storage: EventLogStorage) -> None:
        """Threads that claim and free at once never leave a slot taken or a step waiting behind.

        Look at freeing: serving the next one belongs to the same transaction.
        """
        storage.set_concurrency_slots("key", 2)

        def claim_and_free(number: int) -> None:
            for index in range(10):
                _claim(storage, f"{index}", run_id=f"{number}")
                storage.free_concurrency_slot_for_step(f"{number}", f"{index}")

        in_threads(claim_and_free)
        assert _claimed_and_pending(storage) == ([], [])

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_processes_never_hold_more_than_there_are(self, storage: EventLogStorage) -> None:
        """Of 3 processes that claim 2 slots at once, exactly 2 are told that they hold one.

        Look at the lock of the database: one in the memory of a process keeps no other process out.
        """
        storage.set_concurrency_slots("key", 2)
        assert sum(in_processes(worker.claim_slot, self.opener(storage), "key")) == 2
