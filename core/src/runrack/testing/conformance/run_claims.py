"""Who works on a run: one owner at a time, for as long as the lease lasts."""

from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import uuid4

import pytest

from runrack.errors import InvalidArgumentError, StaleClaimError
from runrack.interfaces.run_storage import RunStorage
from runrack.records.event_type import EventType
from runrack.records.run_claim import MAX_LEASE_SECONDS, RunClaim
from runrack.records.run_status import FINISHED, RunStatus
from runrack.records.tags import PRIORITY
from runrack.testing.builders import make_event, make_run
from runrack.testing.conformance import worker
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_processes, in_threads, needs

LEASE = 3600.0
"""A lease that no test outlives; one of 0 seconds has run out already, so no test has to wait."""

ENDS = (EventType.RUN_SUCCESS, EventType.RUN_FAILURE, EventType.RUN_CANCELED)


def _queue(storage: RunStorage, *run_ids: str, **tags: str) -> None:
    for run_id in run_ids:
        storage.add_run(make_run(run_id, status=RunStatus.QUEUED, tags=tags))


def _ids(claims: object) -> list[str]:
    assert isinstance(claims, list | tuple)
    return [claim.run_id for claim in claims]


def _holder(storage: RunStorage, run_id: str) -> tuple[str | None, datetime | None, int]:
    record = storage.get_run_record_by_id(run_id)
    assert record is not None
    return record.owner, record.lease_expires, record.epoch


class RunClaimTests(ConformanceSuite[RunStorage]):
    """What the `RunClaims` half does."""

    def test_a_claim_is_what_is_stored(self, storage: RunStorage) -> None:
        """A claim raises the epoch by one and writes owner and lease; the status stays. Its time is aware, in UTC.

        Look at what the claim returns: the values that were written, with an aware time.
        """
        _queue(storage, "a")
        before = storage.get_run_record_by_id("a")
        (claim,) = storage.claim("daemon", LEASE)
        after = storage.get_run_record_by_id("a")
        assert before is not None
        assert after is not None
        assert (claim.run_id, claim.epoch, claim.owner) == ("a", before.epoch + 1, "daemon")
        assert (after.epoch, after.owner, after.lease_expires) == (claim.epoch, "daemon", claim.expires)
        assert (after.run, claim.expires.utcoffset()) == (before.run, timedelta(0))

    def test_a_lease_lasts_as_long_as_told(self, storage: RunStorage) -> None:
        """A lease runs out `lease_seconds` from now, by a clock that is not an hour apart from the one of the test.

        Look at the unit of the lease, and at which clock (and time zone) tells when it ends.
        """
        _queue(storage, "a", "b")
        short, long = storage.claim("daemon", LEASE, limit=2)[0], storage.claim("daemon", LEASE)
        assert long == []
        renewed = storage.renew(short, 12 * LEASE)
        assert timedelta(hours=10) < renewed.expires - datetime.now(UTC) < timedelta(hours=13)

    def test_a_held_run_is_not_claimed(self, storage: RunStorage) -> None:
        """A run is claimed once, by whomever, while its lease lasts.

        Look at the condition on the lease: it holds for every owner, also the same one, and with `run_ids`.
        """
        _queue(storage, "a", "b")
        assert _ids(storage.claim("one", LEASE)) == ["a"]
        assert _ids(storage.claim("two", LEASE, limit=9)) == ["b"]
        assert _ids(storage.claim("one", LEASE)) == []
        assert _ids(storage.claim("one", LEASE, run_ids=["a", "b"])) == []

    @pytest.mark.parametrize(
        ("limit", "expected"), [(0, []), (1, ["a"]), (2, ["a", "b"]), (9, ["a", "b", "c"])]
    )
    def test_a_claim_takes_the_first_in_line(
        self, storage: RunStorage, limit: int, expected: list[str]
    ) -> None:
        """`limit` runs are taken, oldest first, and the others left alone.

        Look at the order before the limit, and at a limit of 0.
        """
        _queue(storage, "a", "b", "c")
        assert _ids(storage.claim("daemon", LEASE, limit)) == expected
        assert _ids(storage.claim("other", LEASE, 9)) == ["a", "b", "c"][len(expected) :]

    def test_the_most_urgent_comes_first(self, storage: RunStorage) -> None:
        """Runs are claimed by priority, then by insertion.

        Look at the priority in ORDER BY: an integer, descending, 0 when it is missing or no number.
        """
        priorities = {"a": "9", "b": "10", "c": None, "d": "-1", "e": "10", "f": "0", "g": "urgent"}
        for run_id, priority in priorities.items():
            tags = {} if priority is None else {PRIORITY: priority}
            _queue(storage, run_id, **tags)
        assert _ids(storage.claim("daemon", LEASE, 9)) == ["b", "e", "a", "c", "f", "g", "d"]

    def test_a_priority_of_any_size_is_kept_in_order(self, storage: RunStorage) -> None:
        """Priorities beyond 64 bits are stored and come before or after all others.

        Look at the type of the priority's column: clamp what does not fit into it.
        """
        for run_id, priority in (("low", "-" + "9" * 30), ("none", "0"), ("high", "9" * 30)):
            _queue(storage, run_id, **{PRIORITY: priority})
        assert _ids(storage.claim("daemon", LEASE, 9)) == ["high", "none", "low"]

    def test_a_priority_can_be_changed(self, storage: RunStorage) -> None:
        """A priority that is set while the run waits counts.

        Look at a column that holds a copy of the tag: `add_run_tags` has to renew it, and only for this tag.
        """
        _queue(storage, "a", "b", "c")
        storage.add_run_tags("b", {PRIORITY: "1"})
        storage.add_run_tags("a", {"other": "tag"})
        storage.add_run_tags("c", {PRIORITY: "2"})
        storage.add_run_tags("c", {"other": "tag"})
        assert _ids(storage.claim("daemon", LEASE, 9)) == ["c", "b", "a"]

    def test_given_runs_are_claimed_in_the_order_given(self, storage: RunStorage) -> None:
        """With `run_ids` only those are taken, in that order, whatever their priority; a repeated one once.

        Look at the order of the result, which the database does not keep, and at the limit after it.
        """
        _queue(storage, "a", "b", "c", "d")
        storage.add_run_tags("a", {PRIORITY: "9"})
        asked = ["c", "unknown", "a", "c", "b"]
        assert _ids(storage.claim("daemon", LEASE, 2, run_ids=asked)) == ["c", "a"]
        assert _ids(storage.claim("daemon", LEASE, 9, run_ids=asked)) == ["b"]
        assert _ids(storage.claim("daemon", LEASE, 9, run_ids=[])) == []

    def test_many_given_runs_are_no_problem(self, storage: RunStorage) -> None:
        """`run_ids` may be far longer than what one query carries; the order holds across all of them.

        Look at the number of parameters of one statement: ask in portions, and stop at the limit.
        """
        _queue(storage, "a", "b", "c")
        unknown = [f"{number}" for number in range(20_000)]
        asked = ["c", *unknown, "a", "b"]
        assert _ids(storage.claim("daemon", LEASE, 2, run_ids=asked)) == ["c", "a"]

    @pytest.mark.parametrize("status", sorted(set(RunStatus) - FINISHED))
    def test_only_runs_in_the_status_are_claimed(self, storage: RunStorage, status: RunStatus) -> None:
        """A claim takes queued runs, or those in the status that is named, also when they are given by id.

        Look at the condition on the status: it holds also with `run_ids`.
        """
        for each in RunStatus:
            storage.add_run(make_run(each.value, status=each))
        assert _ids(storage.claim("daemon", LEASE, 99, list(RunStatus), status=status)) == [status.value]
        queued = [] if status is RunStatus.QUEUED else [RunStatus.QUEUED.value]
        assert _ids(storage.claim("daemon", LEASE, 99)) == queued

    @pytest.mark.parametrize(
        "arguments",
        [
            {"owner": ""},
            {"lease_seconds": -1.0},
            {"lease_seconds": float("nan")},
            {"lease_seconds": MAX_LEASE_SECONDS + 1},
            {"limit": -1},
            *({"status": status} for status in sorted(FINISHED)),
        ],
    )
    def test_a_claim_that_makes_no_sense_is_refused(
        self, storage: RunStorage, arguments: dict[str, object]
    ) -> None:
        """An empty owner, a lease that is negative or too long, a negative limit, and a finished status are errors.

        Look at the checks of the arguments: before any statement; NaN passes every comparison.
        """
        _queue(storage, "a")
        with pytest.raises(InvalidArgumentError):
            storage.claim(**{"owner": "daemon", "lease_seconds": LEASE, **arguments})  # type: ignore[arg-type]
        assert _holder(storage, "a")[0] is None

    def test_a_lease_that_ran_out_frees_its_run(self, storage: RunStorage) -> None:
        """A queued run whose lease ran out is claimed by the next, under a new epoch.

        Look at the condition on the lease: one that has run out is as good as none, and the epoch grows.
        """
        _queue(storage, "a")
        (old,) = storage.claim("dead", 0)
        (new,) = storage.claim("alive", LEASE)
        assert (new.owner, new.epoch) == ("alive", old.epoch + 1)
        with pytest.raises(StaleClaimError):
            storage.renew(old, LEASE)

    def test_a_renewed_lease_lasts_longer(self, storage: RunStorage) -> None:
        """Renewing moves the end of the lease, keeps owner and epoch, and can be repeated with the old claim.

        Look at the condition of the renewal: owner and epoch, not the time at which the old lease ends.
        """
        _queue(storage, "a")
        (claim,) = storage.claim("daemon", 60)
        first = storage.renew(claim, LEASE)
        second = storage.renew(claim, LEASE)
        assert claim.expires < first.expires <= second.expires
        assert (first.run_id, first.owner, first.epoch) == ("a", "daemon", claim.epoch)
        assert _holder(storage, "a") == ("daemon", second.expires, claim.epoch)

    def test_a_claim_is_handed_over(self, storage: RunStorage) -> None:
        """After a hand-over the new owner holds the run under the same epoch, and the old one's claim is stale.

        Look at what a hand-over writes: the owner and the lease, not the epoch.
        """
        _queue(storage, "a")
        (daemon,) = storage.claim("daemon", LEASE)
        worker_claim = storage.renew(daemon, LEASE, owner="worker")
        assert (worker_claim.owner, worker_claim.epoch) == ("worker", daemon.epoch)
        assert _holder(storage, "a") == ("worker", worker_claim.expires, daemon.epoch)
        with pytest.raises(StaleClaimError):
            storage.renew(daemon, LEASE)
        assert storage.release(daemon) is False
        assert storage.renew(worker_claim, LEASE).owner == "worker"

    def test_a_lease_that_ran_out_is_not_renewed(self, storage: RunStorage) -> None:
        """A lease that ran out cannot be renewed or handed over, though nobody has taken the run yet.

        Look at the condition of the renewal: the lease still runs, by the clock of the storage.
        """
        _queue(storage, "a")
        (claim,) = storage.claim("daemon", 0)
        before = _holder(storage, "a")
        for owner in (None, "worker"):
            with pytest.raises(StaleClaimError) as raised:
                storage.renew(claim, LEASE, owner)
            assert raised.value.run_id == "a"
        assert _holder(storage, "a") == before

    def test_a_claim_that_nobody_has_is_not_renewed(self, storage: RunStorage) -> None:
        """Another epoch, another owner, another run or a deleted one: none can be renewed or released.

        Look at the condition of renewal and release: run, owner (by code point) and epoch, all three.
        """
        _queue(storage, "a", "b")
        (claim,) = storage.claim("daemon", LEASE)
        wrong = [
            RunClaim("a", claim.epoch + 1, "daemon", claim.expires),
            RunClaim("a", claim.epoch - 1, "daemon", claim.expires),
            RunClaim("a", claim.epoch, "Daemon", claim.expires),
            RunClaim("b", claim.epoch, "daemon", claim.expires),
            RunClaim("unknown", claim.epoch, "daemon", claim.expires),
        ]
        for each in wrong:
            with pytest.raises(StaleClaimError):
                storage.renew(each, LEASE)
            assert storage.release(each) is False
        assert _holder(storage, "a") == ("daemon", claim.expires, claim.epoch)
        storage.delete_run("a")
        with pytest.raises(StaleClaimError):
            storage.renew(claim, LEASE)

    def test_a_renewal_that_makes_no_sense_is_refused(self, storage: RunStorage) -> None:
        """An empty owner and a negative lease raise InvalidArgumentError, and the claim stays as it was.

        Look at the checks of the arguments: before any statement.
        """
        _queue(storage, "a")
        (claim,) = storage.claim("daemon", LEASE)
        for lease_seconds, owner in ((LEASE, ""), (-1.0, None)):
            with pytest.raises(InvalidArgumentError):
                storage.renew(claim, lease_seconds, owner)
        assert _holder(storage, "a") == ("daemon", claim.expires, claim.epoch)

    def test_a_released_run_can_be_claimed_at_once(self, storage: RunStorage) -> None:
        """Releasing clears owner and lease and keeps the status; the next claim gets a new epoch.

        Look at what a release writes: no owner and no lease, and an epoch that never goes back.
        """
        _queue(storage, "a")
        (claim,) = storage.claim("one", LEASE)
        assert storage.release(claim) is True
        assert _holder(storage, "a")[:2] == (None, None)
        assert storage.release(claim) is False
        (again,) = storage.claim("two", LEASE)
        assert again.epoch > claim.epoch
        assert storage.release(claim) is False
        assert _holder(storage, "a")[0] == "two"

    def test_expired_claims_are_told_once(self, storage: RunStorage) -> None:
        """`expire` returns the claims whose lease ran out, as they were, longest dead first, each once.

        Look at the order by the end of the lease, and at what keeps a claim from being told again.
        """
        _queue(storage, "a", "b", "c", "d")
        dead = [storage.claim("dead", 0, run_ids=[run_id])[0] for run_id in "cab"]
        storage.claim("alive", LEASE, run_ids=["d"])
        assert [*storage.expire(2), *storage.expire(9)] == dead
        assert list(storage.expire(9)) == []
        for claim in dead:
            assert _holder(storage, claim.run_id) == (None, None, claim.epoch + 1)
        assert _holder(storage, "d")[0] == "alive"
        assert list(storage.expire(0)) == []
        with pytest.raises(InvalidArgumentError):
            storage.expire(-1)

    def test_an_expired_owner_is_out(self, storage: RunStorage) -> None:
        """After `expire` the old owner can neither renew nor release, nor move the run with his epoch.

        Look at the epoch: `expire` has to raise it, so that the old owner's no longer fits.
        """
        _queue(storage, "a")
        (claim,) = storage.claim("dead", 0)
        storage.expire()
        with pytest.raises(StaleClaimError):
            storage.renew(claim, LEASE)
        assert storage.release(claim) is False
        starting = make_event(EventType.RUN_STARTING)
        assert storage.handle_run_event("a", starting, epoch=claim.epoch) is False
        assert storage.handle_run_event("a", starting) is True

    def test_an_owner_who_was_late_but_alone_is_still_the_owner(self, storage: RunStorage) -> None:
        """A lease that ran out does not by itself fence its owner: his events count until another takes the run.

        Look at who is fenced: the epoch decides on events, not the clock.
        """
        _queue(storage, "a")
        (claim,) = storage.claim("daemon", 0)
        assert storage.handle_run_event("a", make_event(EventType.RUN_STARTING), epoch=claim.epoch) is True
        assert storage.release(claim) is True

    @pytest.mark.parametrize("status", [RunStatus.STARTING, RunStatus.STARTED, RunStatus.CANCELING])
    def test_running_runs_expire_too(self, storage: RunStorage, status: RunStatus) -> None:
        """Whatever an owner was doing when he died, his claim expires, and the run keeps its status.

        Look at the condition on the status in `expire`: every status but the finished ones.
        """
        storage.add_run(make_run("a", status=status))
        claims = list(storage.claim("worker", 0, status=status))
        assert list(storage.expire()) == claims
        record = storage.get_run_record_by_id("a")
        assert record is not None
        assert record.run.status is status

    @pytest.mark.parametrize("end", ENDS)
    def test_the_end_of_a_run_ends_its_claim(self, storage: RunStorage, end: EventType) -> None:
        """A run that ends has no owner and no lease, cannot be renewed, and never expires; its epoch stays.

        Look at what a finishing event writes: no owner and no lease, the epoch as it was.
        """
        storage.add_run(make_run("a", status=RunStatus.CANCELING))
        (claim,) = storage.claim("worker", LEASE, status=RunStatus.CANCELING)
        assert storage.handle_run_event("a", make_event(end), epoch=claim.epoch) is True
        assert _holder(storage, "a") == (None, None, claim.epoch)
        with pytest.raises(StaleClaimError):
            storage.renew(claim, LEASE)
        assert list(storage.expire()) == []

    def test_a_claim_outlives_what_the_run_does(self, storage: RunStorage) -> None:
        """Events that do not end a run, and new tags, leave owner, lease and epoch alone.

        Look at which columns events and tags write: not those of the claim.
        """
        _queue(storage, "a")
        (claim,) = storage.claim("worker", LEASE)
        for event_type in (EventType.RUN_STARTING, EventType.RUN_START, EventType.RUN_CANCELING):
            assert storage.handle_run_event("a", make_event(event_type), epoch=claim.epoch) is True
        storage.add_run_tags("a", {"x": "1"})
        assert _holder(storage, "a") == ("worker", claim.expires, claim.epoch)

    def test_threads_claim_each_run_once(self, storage: RunStorage) -> None:
        """8 threads that claim from one queue share it without taking a run twice or leaving one.

        Look at the lock of the rows: select and update in one transaction, or one statement.
        """
        run_ids = [f"{number}" for number in range(100)]
        _queue(storage, *run_ids)

        def claim_all(number: int) -> list[str]:
            found: list[str] = []
            while claims := storage.claim(f"{number}", LEASE, limit=3):
                found += _ids(claims)
            return found

        taken = [run_id for found in in_threads(claim_all) for run_id in found]
        # One that finds only runs which others are just taking stops early.
        taken += _ids(storage.claim("last", LEASE, limit=100))
        assert sorted(taken) == sorted(run_ids)

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_processes_claim_each_run_once(self, storage: RunStorage) -> None:
        """3 processes that claim 2,000 runs, in portions or one by one, take each once, and none is left.

        Look at the lock of the database (`FOR UPDATE SKIP LOCKED`, an immediate transaction).
        """
        run_ids = [f"{number}" for number in range(2000)]
        _queue(storage, *run_ids)
        taken = [
            run_id for found in in_processes(worker.claim_runs, self.opener(storage)) for run_id in found
        ]
        assert sorted(taken) == sorted(run_ids)
        assert {record.epoch for record in storage.get_run_records()} == {1}

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_a_named_run_is_not_passed_over(self, storage: RunStorage) -> None:
        """A free run that is named by its id is claimed each time, however often others write its tags meanwhile.

        Look at the lock of the row: with `run_ids` the claim waits for it (`FOR UPDATE` without `SKIP LOCKED`).
        """
        _queue(storage, "a")
        open_again, is_over = self.opener(storage), Event()

        def write_tags(own: RunStorage) -> int:
            while not is_over.is_set():
                own.add_run_tags("a", {"x": str(uuid4())})
            return 0

        def claim_and_release(own: RunStorage) -> int:
            claims = (own.claim("daemon", LEASE, run_ids=["a"]) for _ in range(40))
            return sum(own.release(claim) for found in claims for claim in found)

        def work(number: int) -> int:
            own = open_again()
            try:
                return write_tags(own) if number else claim_and_release(own)
            finally:
                is_over.set()
                own.dispose()

        assert in_threads(work, 3) == [40, 0, 0]

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_processes_expire_each_claim_once(self, storage: RunStorage) -> None:
        """Of several processes that look for dead owners, each claim is returned to one.

        Look at the update of `expire`: it repeats the condition by which the rows were selected.
        """
        run_ids = [f"{number}" for number in range(200)]
        _queue(storage, *run_ids)
        storage.claim("dead", 0, limit=200)
        expired = [
            run_id
            for found in in_processes(worker.expire_claims, self.opener(storage), len(run_ids))
            for run_id in found
        ]
        assert sorted(expired) == sorted(run_ids)
        assert {record.epoch for record in storage.get_run_records()} == {2}

    @needs(Ability.SURVIVES_REOPEN)
    def test_a_claim_survives(self, storage: RunStorage) -> None:
        """A claim is there after the storage was opened again, and can be renewed.

        Look at what is kept in memory only, and at a commit that is missing.
        """
        _queue(storage, "a")
        (claim,) = storage.claim("daemon", LEASE)
        open_again = self.opener(storage)
        storage.dispose()
        again = open_again()
        assert list(again.claim("other", LEASE)) == []
        assert again.renew(claim, LEASE).epoch == claim.epoch
        again.dispose()
