"""Who makes a tick: one daemon at a time, however many ask."""

import pytest
from msgspec.structs import replace

from runrack.errors import InvalidArgumentError, NotFoundError
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.run_claim import MAX_LEASE_SECONDS
from runrack.records.tick import MAX_TICK_KEY_LENGTH, InstigatorStatus, ScheduleInstigatorData, TickStatus
from runrack.testing.builders import NOW, make_schedule_state, make_tick
from runrack.testing.conformance import worker
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_processes, in_threads, needs

LEASE = 3600.0
"""A lease that no test outlives; one of 0 seconds has run out already, so no test has to wait."""


class TickClaimTests(ConformanceSuite[ScheduleStorage]):
    """What the `TickClaims` half does, and changes of states in one step."""

    def test_a_claimed_tick_is_stored(self, storage: ScheduleStorage) -> None:
        """The claim on a new tick stores it and gives it an id.

        Look at the insert of the claim: it stores the tick as `create_tick` does.
        """
        tick = storage.claim_tick(make_tick(), "key", "a", LEASE)
        assert tick is not None
        assert tick.tick_data == make_tick()
        assert storage.get_ticks() == [tick]

    def test_a_key_is_claimed_once(self, storage: ScheduleStorage) -> None:
        """A key that was claimed cannot be claimed again: not when the lease has run out, not when the tick is done.

        Look at the unique key of the claim's key: it outlives the lease and the status.
        """
        first = storage.claim_tick(make_tick(), "key", "a", 0)
        assert first is not None
        assert storage.claim_tick(make_tick(), "key", "b", LEASE) is None
        storage.update_tick(first.with_data(status=TickStatus.SUCCESS))
        assert storage.claim_tick(make_tick(), "key", "a", LEASE) is None
        assert storage.claim_tick(make_tick(), "KEY", "a", LEASE) is not None
        assert storage.claim_tick(make_tick(), "k" * MAX_TICK_KEY_LENGTH, "a", LEASE) is not None

    def test_unclaimed_ticks_have_no_key(self, storage: ScheduleStorage) -> None:
        """Ticks that are stored without a claim are any number, and never wait for an owner.

        Look at what is stored as key of a tick without one: NULL, which no unique key compares.
        """
        storage.create_tick(make_tick())
        storage.create_tick(make_tick())
        assert list(storage.list_expired_ticks()) == []

    def test_an_expired_tick_is_taken_over_once(self, storage: ScheduleStorage) -> None:
        """A started tick whose lease has run out is listed, and given to one new owner.

        Look at the update: its condition repeats the owner and the lease that were read.
        """
        tick = storage.claim_tick(make_tick(), "key", "a", 0)
        assert tick is not None
        assert storage.list_expired_ticks() == [tick]
        assert storage.take_over_tick(tick.tick_id, "b", LEASE) == tick
        assert storage.take_over_tick(tick.tick_id, "c", LEASE) is None
        assert list(storage.list_expired_ticks()) == []
        assert (
            storage.renew_tick(tick.tick_id, "a", LEASE),
            storage.renew_tick(tick.tick_id, "b", LEASE),
        ) == (
            False,
            True,
        )

    def test_what_an_owner_wrote_is_taken_over(self, storage: ScheduleStorage) -> None:
        """The new owner of a tick gets it as the old one has left it.

        Look at what is returned: the tick as stored now, not as first claimed.
        """
        tick = storage.claim_tick(make_tick(), "key", "a", 0)
        assert tick is not None
        storage.update_tick(tick.with_data(failure_count=1))
        taken = storage.take_over_tick(tick.tick_id, "b", 0)
        assert taken is not None
        assert taken.tick_data.failure_count == 1

    def test_a_held_tick_is_not_taken_over(self, storage: ScheduleStorage) -> None:
        """A tick whose lease runs is given to nobody; renewing it with 0 seconds gives it back.

        Look at the comparison of the lease's end with now: by the clock of the storage.
        """
        tick = storage.claim_tick(make_tick(), "key", "a", LEASE)
        assert tick is not None
        assert storage.take_over_tick(tick.tick_id, "b", LEASE) is None
        assert list(storage.list_expired_ticks()) == []
        assert storage.renew_tick(tick.tick_id, "a", 0)
        assert storage.take_over_tick(tick.tick_id, "b", LEASE) is not None

    def test_a_finished_tick_is_held_by_nobody(self, storage: ScheduleStorage) -> None:
        """A tick that has got another status than STARTED is neither listed, renewed nor taken over.

        Look at the condition on the status in listing, renewing and taking over.
        """
        tick = storage.claim_tick(make_tick(), "key", "a", 0)
        assert tick is not None
        storage.update_tick(tick.with_data(status=TickStatus.SKIPPED))
        assert list(storage.list_expired_ticks()) == []
        assert not storage.renew_tick(tick.tick_id, "a", LEASE)
        assert storage.take_over_tick(tick.tick_id, "b", LEASE) is None

    def test_expired_ticks_have_a_limit(self, storage: ScheduleStorage) -> None:
        """Of expired ticks those come first whose lease has run out first, as many as are asked for.

        Look at the order (the end of the lease) before the limit.
        """
        for number in range(3):
            storage.claim_tick(make_tick(timestamp=NOW - number), f"{number}", "a", 0)
        assert [tick.timestamp for tick in storage.list_expired_ticks(limit=2)] == [NOW, NOW - 1]
        assert list(storage.list_expired_ticks(limit=0)) == []
        with pytest.raises(InvalidArgumentError):
            storage.list_expired_ticks(limit=-1)

    def test_a_purged_tick_is_held_by_nobody(self, storage: ScheduleStorage) -> None:
        """A purge and a wipe remove the claims with the ticks.

        Look at claims that lie in a table of their own: they go with the ticks.
        """
        tick = storage.claim_tick(make_tick(), "key", "a", 0)
        assert tick is not None
        storage.purge_ticks(tick.tick_data.selector_id, NOW + 1)
        assert list(storage.list_expired_ticks()) == []
        assert storage.claim_tick(make_tick(), "key", "a", 0) is not None
        storage.wipe()
        assert storage.claim_tick(make_tick(), "key", "a", 0) is not None

    @pytest.mark.parametrize(
        ("key", "owner", "lease"),
        [
            ("", "a", 1),
            ("k" * (MAX_TICK_KEY_LENGTH + 1), "a", 1),
            ("key", "", 1),
            ("key", "a", -1),
            ("key", "a", MAX_LEASE_SECONDS + 1),
        ],
    )
    def test_wrong_claims_are_refused(
        self, storage: ScheduleStorage, key: str, owner: str, lease: float
    ) -> None:
        """A key without text or above its length, an owner without a name and an impossible lease are refused.

        Look at the checks of the arguments: before any statement; NaN passes every comparison.
        """
        with pytest.raises(InvalidArgumentError):
            storage.claim_tick(make_tick(), key, owner, lease)
        assert list(storage.get_ticks()) == []

    def test_one_thread_claims_a_tick(self, storage: ScheduleStorage) -> None:
        """Of 8 threads that claim the same 10 ticks at once, each tick goes to one.

        Look at a look before the insert: let the unique key decide.
        """

        def claim(number: int) -> list[int]:
            claims = [storage.claim_tick(make_tick(), f"{key}", f"{number}", LEASE) for key in range(10)]
            return [tick.tick_id for tick in claims if tick is not None]

        claimed = [tick_id for each in in_threads(claim) for tick_id in each]
        assert (len(claimed), len(set(claimed)), len(storage.get_ticks())) == (10, 10, 10)

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_one_process_claims_a_tick(self, storage: ScheduleStorage) -> None:
        """Of several processes that claim and take over the same ticks at once, each tick goes to one.

        Look at the unique key and at the condition of the update: both are decided by the database.
        """
        for key in range(10):
            storage.claim_tick(make_tick(), f"old-{key}", "dead", 0)
        found = in_processes(worker.claim_ticks, self.opener(storage), 10)
        claimed = [tick_id for each in found for tick_id in each]
        assert (len(claimed), len(set(claimed)), len(storage.get_ticks())) == (20, 20, 20)

    def test_a_state_is_changed_in_one_step(self, storage: ScheduleStorage) -> None:
        """Of 8 threads that add to a state at once, none loses what another added.

        Look at read, change and write: under one lock of the row, or repeated when the row has changed.
        """
        state = storage.add_instigator_state(
            make_schedule_state(instigator_data=ScheduleInstigatorData("", 0))
        )

        def add(_number: int) -> None:
            for _ in range(5):
                storage.change_instigator_state(state.selector_id, worker.one_later)

        in_threads(add)
        found = storage.get_instigator_state(state.selector_id)
        assert found == replace(state, instigator_data=ScheduleInstigatorData("", 40))

    def test_the_changed_state_is_returned(self, storage: ScheduleStorage) -> None:
        """A change is given the stored state, and what it makes is returned; of an unknown one nothing is made.

        Look at what the change is given (the stored state), and at an unknown one: nothing is inserted.
        """
        state = storage.add_instigator_state(make_schedule_state())
        stopped = replace(state, status=InstigatorStatus.STOPPED)
        assert storage.change_instigator_state(state.selector_id, lambda _: stopped) == stopped
        assert list(storage.all_instigator_state(instigator_statuses=[InstigatorStatus.STOPPED])) == [stopped]
        with pytest.raises(NotFoundError):
            storage.change_instigator_state("unknown", lambda found: found)
