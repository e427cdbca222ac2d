"""RunClaimModelMachine: claims, renews, releases and expires at random while runs change, and compares with dicts."""

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runrack.errors import StaleClaimError
from runrack.interfaces.run_storage import RunStorage
from runrack.records.event_type import STATUS_AFTER, EventType
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import FINISHED, TRANSITIONS, RunStatus
from runrack.testing.builders import make_event, make_run

LEASE = 3600.0
RUN_IDS = st.sampled_from(["a", "b", "c"])
OWNERS = st.sampled_from(["one", "two"])
EVENTS = st.sampled_from([EventType.RUN_STARTING, EventType.RUN_START, EventType.RUN_SUCCESS])


class RunClaimModelMachine(RuleBasedStateMachine):
    """The model is the status and epoch of each run, the claim that holds it, and which of those leases ran out."""

    def __init__(self, storage: RunStorage) -> None:
        super().__init__()
        storage.wipe()
        self.storage = storage
        self.statuses: dict[str, RunStatus] = {}
        self.epochs: dict[str, int] = {}
        self.held: dict[str, RunClaim] = {}
        self.dead: set[str] = set()
        self.claims: list[RunClaim] = []

    @initialize()
    def fill(self) -> None:
        """Begin with a queue."""
        for run_id in "abc":
            self._queue(run_id)

    @rule(run_id=RUN_IDS)
    def replace(self, run_id: str) -> None:
        """Delete a run and queue another under the same id, last in line."""
        self.storage.delete_run(run_id)
        del self.statuses[run_id]
        self._free(run_id)
        self.claims = [claim for claim in self.claims if claim.run_id != run_id]
        self._queue(run_id)

    @rule(run_id=RUN_IDS, event_type=EVENTS, age=st.none() | st.integers(0, 2))
    def handle_event(self, run_id: str, event_type: EventType, age: int | None) -> None:
        """Move a run in the name of nobody, of its owner, or of an earlier owner."""
        status = STATUS_AFTER[event_type]
        epoch = None if age is None else self.epochs[run_id] - age
        counts = status in TRANSITIONS[self.statuses[run_id]] and not age
        assert self.storage.handle_run_event(run_id, make_event(event_type), epoch=epoch) is counts
        if counts:
            self.statuses[run_id] = status
        if counts and status in FINISHED:
            self._free(run_id)

    @rule(
        owner=OWNERS,
        is_dead=st.booleans(),
        limit=st.integers(0, 3),
        run_ids=st.none() | st.lists(RUN_IDS),
        status=st.sampled_from([RunStatus.QUEUED, RunStatus.STARTING]),
    )
    def claim(
        self, owner: str, is_dead: bool, limit: int, run_ids: list[str] | None, status: RunStatus
    ) -> None:
        """Claim some runs, with a lease that lasts or one that has run out."""
        line = self.statuses if run_ids is None else dict.fromkeys(run_ids)
        expected = [run_id for run_id in line if self._is_free(run_id, status)][:limit]
        claims = self.storage.claim(owner, 0 if is_dead else LEASE, limit, run_ids, status)
        assert [claim.run_id for claim in claims] == expected
        for claim in claims:
            self.epochs[claim.run_id] += 1
            assert (claim.owner, claim.epoch) == (owner, self.epochs[claim.run_id])
            self._hold(claim)
            self.dead |= {claim.run_id} if is_dead else set()

    @precondition(lambda self: bool(self.claims))
    @rule(data=st.data(), owner=st.none() | OWNERS)
    def renew(self, data: st.DataObject, owner: str | None) -> None:
        """Renew or hand over some claim that was given out, be it stale or not."""
        claim = data.draw(st.sampled_from(self.claims))
        is_alive = self._holds(claim) and claim.run_id not in self.dead
        try:
            renewed = self.storage.renew(claim, LEASE, owner)
        except StaleClaimError:
            assert not is_alive
        else:
            assert is_alive
            assert (renewed.owner, renewed.epoch) == (owner or claim.owner, claim.epoch)
            self._hold(renewed)

    @precondition(lambda self: bool(self.claims))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Release some claim that was given out, be it stale or not."""
        claim = data.draw(st.sampled_from(self.claims))
        is_held = self._holds(claim)
        assert self.storage.release(claim) is is_held
        if is_held:
            self._free(claim.run_id)

    @rule(limit=st.none() | st.integers(0, 3))
    def expire(self, limit: int | None) -> None:
        """Take runs from dead owners."""
        dead = {run_id: self.held[run_id] for run_id in self.dead}
        expired = self.storage.expire() if limit is None else self.storage.expire(limit)
        assert len(expired) == (len(dead) if limit is None else min(limit, len(dead)))
        for claim in expired:
            assert claim == dead.pop(claim.run_id)
            self.epochs[claim.run_id] += 1
            self._free(claim.run_id)

    @invariant()
    def holders_agree(self) -> None:
        """Every run has the owner, the lease and the epoch that it should have; one that has ended has no owner."""
        for record in self.storage.get_run_records():
            run_id = record.run.run_id
            claim = self.held.get(run_id)
            expected = (None, None) if claim is None else (claim.owner, claim.expires)
            assert (record.owner, record.lease_expires) == expected
            assert record.epoch == self.epochs[run_id]

    def _queue(self, run_id: str) -> None:
        self.storage.add_run(make_run(run_id, status=RunStatus.QUEUED))
        self.statuses[run_id], self.epochs[run_id] = RunStatus.QUEUED, 0

    def _is_free(self, run_id: str, status: RunStatus) -> bool:
        return self.statuses[run_id] is status and (run_id not in self.held or run_id in self.dead)

    def _holds(self, claim: RunClaim) -> bool:
        held = self.held.get(claim.run_id)
        return held is not None and (held.owner, held.epoch) == (claim.owner, claim.epoch)

    def _hold(self, claim: RunClaim) -> None:
        self.held[claim.run_id] = claim
        self.claims.append(claim)
        self.dead.discard(claim.run_id)

    def _free(self, run_id: str) -> None:
        self.held.pop(run_id, None)
        self.dead.discard(run_id)
