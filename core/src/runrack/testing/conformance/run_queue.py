"""Which queued runs are handed out when: in their turn, and never more than limits allow."""

from collections import Counter

import pytest

from runrack.errors import InvalidArgumentError
from runrack.interfaces.run_storage import RunStorage
from runrack.records.event_type import EventType
from runrack.records.run_claim import RunClaim
from runrack.records.run_queue import QueueLimits, RunsInProgress, TagLimit
from runrack.records.run_status import ACTIVE, RunStatus
from runrack.records.tags import PRIORITY
from runrack.testing.builders import make_event, make_run
from runrack.testing.conformance import worker
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_processes, in_threads, needs

LEASE = 3600.0

NO_LIMITS = QueueLimits()

EACH_VALUE = QueueLimits(tag_limits=(TagLimit("team", 1, is_per_value=True),))


def _queue(storage: RunStorage, *run_ids: str, **tags: str) -> None:
    for run_id in run_ids:
        storage.add_run(make_run(run_id, status=RunStatus.QUEUED, tags=tags))


def _next(storage: RunStorage, limits: QueueLimits = NO_LIMITS, limit: int = 99) -> list[str]:
    return [claim.run_id for claim in storage.claim_next("daemon", LEASE, limits, limit)]


def _move(storage: RunStorage, claim: RunClaim, *event_types: EventType) -> bool:
    return all(
        storage.handle_run_event(claim.run_id, make_event(each), epoch=claim.epoch) for each in event_types
    )


class RunQueueTests(ConformanceSuite[RunStorage]):
    """What the `RunQueue` part does."""

    def test_the_next_run_is_claimed(self, storage: RunStorage) -> None:
        """A claim from the queue is one as any other: owner, lease and a raised epoch are stored, the status stays.

        Look at whether this writes what `claim` writes.
        """
        _queue(storage, "a", "b")
        (claim,) = storage.claim_next("daemon", LEASE, NO_LIMITS)
        record = storage.get_run_record_by_id("a")
        assert record is not None
        assert claim == RunClaim("a", record.epoch, "daemon", claim.expires)
        assert (record.run.status, record.epoch, record.owner) == (RunStatus.QUEUED, 1, "daemon")
        assert record.lease_expires == claim.expires
        assert _move(storage, claim, EventType.RUN_STARTING, EventType.RUN_START, EventType.RUN_SUCCESS)

    def test_runs_are_served_in_their_turn(self, storage: RunStorage) -> None:
        """The most urgent come first, then the oldest; only queued runs that nobody holds are taken, each once.

        Look at the order (priority, then insertion), and at the conditions on status and lease.
        """
        _queue(storage, "a", "b")
        _queue(storage, "urgent", **{PRIORITY: "10"})
        _queue(storage, "later", **{PRIORITY: "-1"})
        _queue(storage, "held", "c")
        storage.claim("other", LEASE, run_ids=["held"])
        for status in set(RunStatus) - {RunStatus.QUEUED}:
            storage.add_run(make_run(status.value, status=status))
        assert _next(storage, limit=0) == []
        assert _next(storage, limit=2) == ["urgent", "a"]
        assert _next(storage) == ["b", "c", "later"]
        assert _next(storage) == []

    def test_there_are_never_more_than_the_limit(self, storage: RunStorage) -> None:
        """A limit counts runs from their claim to their end, whoever claimed them.

        Look at what is counted: claimed runs that are still queued count as well.
        """
        limits = QueueLimits(max_runs=3)
        _queue(storage, "a", "b", "c", "d", "e", "f")
        storage.claim("other", LEASE, run_ids=["f"])
        claims = storage.claim_next("daemon", LEASE, limits, 99)
        assert [claim.run_id for claim in claims] == ["a", "b"]
        assert _next(storage, limits) == []
        assert _move(storage, claims[0], EventType.RUN_STARTING)
        assert _next(storage, limits) == []
        assert _move(storage, claims[0], EventType.RUN_START)
        assert _next(storage, limits) == []
        assert _move(storage, claims[0], EventType.RUN_FAILURE)
        assert _next(storage, limits) == ["c"]
        assert storage.release(claims[1])
        assert _next(storage, limits) == ["b"]

    @pytest.mark.parametrize(("max_runs", "expected"), [(None, ["a", "b"]), (0, []), (1, ["a"])])
    def test_a_limit_may_be_none_or_nought(
        self, storage: RunStorage, max_runs: int | None, expected: list[str]
    ) -> None:
        """Without a limit all go; a limit of 0 lets nothing go.

        Look at a test such as `if limit:` that takes 0 for no limit.
        """
        _queue(storage, "a", "b")
        assert _next(storage, QueueLimits(max_runs)) == expected

    @pytest.mark.parametrize("status", sorted(RunStatus))
    def test_what_is_in_progress(self, storage: RunStorage, status: RunStatus) -> None:
        """STARTING, STARTED and CANCELING count, in all and for their tags; other runs that nobody holds do not.

        Look at the list of statuses that count, and at queued runs that somebody holds.
        """
        storage.add_run(make_run("other", status=status, tags={"team": "x"}))
        counts = status in ACTIVE
        expected = RunsInProgress(1, {"team": {"x": 1}}) if counts else RunsInProgress()
        assert storage.count_in_progress(["team", "unknown"]) == expected
        assert storage.count_in_progress() == RunsInProgress(int(counts))
        _queue(storage, "a", team="x")
        others = [] if status is not RunStatus.QUEUED else ["other"]
        assert _next(storage, QueueLimits(1), 1) == ([] if counts else [*others, "a"][:1])

    def test_a_key_is_limited(self, storage: RunStorage) -> None:
        """A limit of a key counts all runs that carry it, whatever the value; the others pass by.

        Look at the condition on the tag: its key alone when the limit names no value.
        """
        limits = QueueLimits(tag_limits=(TagLimit("team", 2),))
        for run_id, team in (("a", "x"), ("b", "y"), ("c", "z"), ("d", "x")):
            _queue(storage, run_id, team=team)
        _queue(storage, "e")
        _queue(storage, "f", other="x")
        assert _next(storage, limits) == ["a", "b", "e", "f"]
        assert _next(storage, limits) == []

    def test_a_value_is_limited(self, storage: RunStorage) -> None:
        """A limit of a value counts the runs with this very value.

        Look at the comparison of values: by code point, whatever the collation of the column.
        """
        limits = QueueLimits(tag_limits=(TagLimit("team", 1, "x"),))
        for run_id, team in (("a", "x"), ("b", "x"), ("c", "X"), ("d", "x "), ("e", "xx"), ("f", "")):
            _queue(storage, run_id, team=team)
        assert _next(storage, limits, 1) == ["a"]
        assert _next(storage, limits) == ["c", "d", "e", "f"]

    def test_each_value_is_limited(self, storage: RunStorage) -> None:
        """A limit for each value counts every value by itself, also long ones that differ at their ends only.

        Look at the grouping by value, and at a column or index that cuts long values.
        """
        long = "x" * 1000
        for run_id, team in (("a", "x"), ("b", "x"), ("c", long), ("d", long + "1"), ("e", long), ("f", "X")):
            _queue(storage, run_id, team=team)
        _queue(storage, "g")
        assert _next(storage, EACH_VALUE) == ["a", "c", "d", "f", "g"]
        assert _next(storage, EACH_VALUE) == []

    def test_all_limits_have_to_hold(self, storage: RunStorage) -> None:
        """A run waits while any limit that concerns it is reached, and counts against all of them when it goes.

        Look at runs that several limits concern: all are asked before, and all are counted after.
        """
        each_value, in_all, of_x = (
            TagLimit("team", 2, is_per_value=True),
            TagLimit("team", 3),
            TagLimit("kind", 1, "k"),
        )
        limits = QueueLimits(4, (each_value, in_all, of_x))
        for run_id, tags in {
            "a": {"team": "x", "kind": "k"},
            "b": {"team": "x", "kind": "k"},
            "c": {"team": "x"},
            "d": {"team": "x"},
            "e": {"team": "y", "kind": "other"},
            "f": {"team": "y"},
            "g": {},
            "h": {},
        }.items():
            _queue(storage, run_id, **tags)
        assert _next(storage, limits) == ["a", "c", "e", "g"]

    @pytest.mark.parametrize(
        "limit", [TagLimit("team", 0), TagLimit("team", 0, "x"), TagLimit("team", 0, is_per_value=True)]
    )
    def test_a_limit_of_nought_lets_none_go(self, storage: RunStorage, limit: TagLimit) -> None:
        """A tag limit of 0 keeps the runs that it concerns waiting, though none of them is in progress.

        Look at values that no run in progress carries: they have no row in the counts.
        """
        _queue(storage, "a", team="x")
        _queue(storage, "b")
        assert _next(storage, QueueLimits(tag_limits=(limit,))) == ["b"]

    def test_runs_that_wait_starve_nobody(self, storage: RunStorage) -> None:
        """However many runs wait for a limit, those behind them have their turn.

        Look at how many runs are looked at: not the first few of the queue only.
        """
        for number in range(300):
            _queue(storage, f"x{number}", team="x")
        _queue(storage, "y", team="y")
        assert _next(storage, EACH_VALUE) == ["x0", "y"]
        _queue(storage, "z", team="z")
        assert _next(storage, EACH_VALUE) == ["z"]

    def test_many_full_values_are_no_problem(self, storage: RunStorage) -> None:
        """There may be far more full values than one query carries; they wait, and the others go.

        Look at the number of parameters of one statement.
        """
        teams = [f"{number}" for number in range(1200)]
        for team in teams:
            storage.add_run(make_run(f"running {team}", status=RunStatus.STARTED, tags={"team": team}))
            _queue(storage, team, team=team)
        _queue(storage, "free", team="free")
        assert _next(storage, EACH_VALUE) == ["free"]

    def test_changed_tags_count(self, storage: RunStorage) -> None:
        """Tags and priorities that were set while a run waits, or is in progress, are the ones that count.

        Look at copies of tags, such as counters: `add_run_tags` has to renew them.
        """
        _queue(storage, "a", "b", "c", team="x")
        assert _next(storage, EACH_VALUE) == ["a"]
        storage.add_run_tags("c", {"team": "y"})
        assert _next(storage, EACH_VALUE) == ["c"]
        storage.add_run_tags("a", {"team": "z"})
        assert _next(storage, EACH_VALUE) == ["b"]

    def test_what_comes_to_a_queue_that_waits_has_its_turn(self, storage: RunStorage) -> None:
        """After it was found that nobody may go, whoever may go since is taken: new runs, given up and ended ones.

        Look for what was remembered of a queue too long.
        """
        _queue(storage, "a", "b", "c", team="x")
        (first,) = storage.claim_next("daemon", LEASE, EACH_VALUE)
        assert _next(storage, EACH_VALUE) == []
        _queue(storage, "y", team="y")
        (other,) = storage.claim_next("daemon", LEASE, EACH_VALUE)
        assert (other.run_id, _next(storage, EACH_VALUE)) == ("y", [])
        assert storage.release(other)
        assert (_next(storage, EACH_VALUE), _next(storage, EACH_VALUE)) == (["y"], [])
        assert _move(storage, first, EventType.RUN_STARTING, EventType.RUN_START, EventType.RUN_SUCCESS)
        assert _next(storage, EACH_VALUE) == ["b"]

    def test_a_dead_claim_is_taken_back(self, storage: RunStorage) -> None:
        """A queued run whose claim has run out has its turn again, under a new epoch, and counts no more.

        Look at what becomes of a queued run whose lease ran out: free, uncounted, and with a higher epoch.
        """
        limits = QueueLimits(max_runs=1)
        _queue(storage, "a", "b")
        (dead,) = storage.claim_next("dead", 0, limits)
        (claim,) = storage.claim_next("daemon", LEASE, limits)
        assert (claim.run_id, claim.epoch > dead.epoch) == ("a", True)
        assert not _move(storage, dead, EventType.RUN_STARTING)
        assert storage.count_in_progress() == RunsInProgress(1)

    def test_a_dead_claim_cannot_come_back(self, storage: RunStorage) -> None:
        """Once its place is given away, a claim that ran out is stale, though nobody has taken its run again.

        Look for a place that is free while the old owner may still start the run.
        """
        limits = QueueLimits(max_runs=1)
        _queue(storage, "a")
        (dead,) = storage.claim_next("dead", 0, limits)
        _queue(storage, "urgent", **{PRIORITY: "1"})
        assert _next(storage, limits) == ["urgent"]
        assert not _move(storage, dead, EventType.RUN_STARTING)
        assert storage.count_in_progress() == RunsInProgress(1)

    def test_a_run_that_began_keeps_its_place(self, storage: RunStorage) -> None:
        """A run that a worker has begun is in progress though the lease has run out: only its end frees the place.

        Look at the condition on the lease in the count: it matters for queued runs only.
        """
        limits = QueueLimits(max_runs=1)
        _queue(storage, "a", "b")
        (claim,) = storage.claim_next("dead", 0, limits)
        assert _move(storage, claim, EventType.RUN_STARTING)
        assert _next(storage, limits) == []
        assert _move(storage, claim, EventType.RUN_START)

    @pytest.mark.parametrize("arguments", [{"owner": ""}, {"lease_seconds": -1.0}, {"limit": -1}])
    def test_a_wrong_call_is_refused(self, storage: RunStorage, arguments: dict[str, object]) -> None:
        """An empty owner, a negative lease and a negative limit are errors.

        Look at the checks of the arguments: before any statement.
        """
        _queue(storage, "a")
        call = {"owner": "daemon", "lease_seconds": LEASE, "limits": NO_LIMITS, **arguments}
        with pytest.raises(InvalidArgumentError):
            storage.claim_next(**call)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError):
            storage.list_queued(-1)
        assert storage.count_in_progress() == RunsInProgress()

    def test_the_queue_is_listed_in_its_order(self, storage: RunStorage) -> None:
        """Queued runs are listed in the order of turns with all their tags, claimed ones too, at most `limit`.

        Look at the order, which is that of claiming, and at a join with tags that repeats or drops runs.
        """
        _queue(storage, "a", "b", team="x")
        _queue(storage, "urgent", **{PRIORITY: "3"})
        storage.add_run(make_run("running", status=RunStatus.STARTED))
        _next(storage, limit=1)
        listed = storage.list_queued()
        assert [record.run.run_id for record in listed] == ["urgent", "a", "b"]
        assert [dict(record.run.tags) for record in listed] == [{PRIORITY: "3"}, {"team": "x"}, {"team": "x"}]
        assert [record.owner for record in listed] == ["daemon", None, None]
        assert [record.run.run_id for record in storage.list_queued(2)] == ["urgent", "a"]
        assert list(storage.list_queued(0)) == []

    def test_threads_keep_the_limits(self, storage: RunStorage) -> None:
        """8 threads that claim from one queue take no more runs together than the limits allow.

        Look at the lock around counting and claiming: two counts must not come before both claims.
        """
        limits = QueueLimits(10, (TagLimit("team", 2, is_per_value=True),))
        for number in range(60):
            _queue(storage, f"{number}", team=f"{number % 6}")
        taken = [each for found in in_threads(lambda _: _next(storage, limits, 3)) for each in found]
        assert len(taken) == len(set(taken)) == 10
        assert max(Counter(int(each) % 6 for each in taken).values()) == 2

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_processes_keep_the_limits(self, storage: RunStorage) -> None:
        """3 processes that claim, run and end 300 runs serve each once, and never see more in progress than allowed.

        Look at the lock of the database: one in the memory of a process keeps no other process out.
        """
        run_ids = [f"{number}" for number in range(300)]
        for run_id in run_ids:
            _queue(storage, run_id, team=f"{int(run_id) % 4}")
        limits = QueueLimits(5, (TagLimit("team", 2, is_per_value=True),))
        found = in_processes(worker.serve_queue, self.opener(storage), limits)
        assert sorted(each for served, _ in found for each in served) == sorted(run_ids)
        most_in_all = max(seen.total for _, all_seen in found for seen in all_seen)
        most_of_team = max(max(seen.by_tag["team"].values()) for _, all_seen in found for seen in all_seen)
        assert (most_in_all <= 5, most_of_team <= 2) == (True, True)
        assert storage.count_in_progress() == RunsInProgress()
