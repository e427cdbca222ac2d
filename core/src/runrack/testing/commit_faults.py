"""Whether a storage loses or doubles anything when connections are reset while it commits."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from runrack.errors import StorageOutcomeUnknownError
from runrack.interfaces.run_storage import RunStorage
from runrack.interfaces.storage import Storage
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_entry, make_materialization, make_run
from runrack.testing.fault_proxy import COMMIT, FaultProxy, fault_proxy

ResultT = TypeVar("ResultT")

LONGEST_REPLY = 19
"""One byte more than PostgreSQL answers to a commit; MariaDB answers with fewer."""

_REQUESTS_RESET = 0.25
"""The share of faults that hit the request, so that the commit is not carried out; the others hit the reply."""


@dataclass
class FaultReport:
    """What became of all that was acknowledged.

    Attributes:
        faults: How many connections were reset.
        acknowledged: How many events, runs, tags and claims the storage has confirmed.
        lost: What was confirmed, and is not stored.
        doubled: What is stored more often than it was confirmed, or was given out twice.
    """

    faults: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


def store_through_faults(
    url: str, open_storage: Callable[[str], Storage], faults: int, seed: int = 0
) -> FaultReport:
    """Return what became of what was stored while connections were reset, one at each call, at random bytes.

    Args:
        url: A database without anything in it.
        open_storage: Opens the storage at a URL.
        faults: How many connections to reset.
        seed: Of the random choices.
    """
    with fault_proxy(url) as (proxy, through):
        attempt = _Attempt(open_storage(through), proxy, random.Random(seed))  # noqa: S311 - no secret
        while attempt.report.faults < faults:
            attempt.make_calls()
        attempt.storage.dispose()
    storage = open_storage(url)
    attempt.judge(storage)
    storage.dispose()
    return attempt.report


class _Attempt:
    """One storage behind a proxy, and what it has confirmed."""

    def __init__(self, storage: Storage, proxy: FaultProxy, chance: random.Random) -> None:
        self.storage = storage
        self.report = FaultReport()
        self._proxy = proxy
        self._chance = chance
        self._events: Counter[str] = Counter()
        self._runs: dict[str, dict[str, str]] = {}
        storage.run_storage.get_runs_count()

    def make_calls(self) -> None:
        """Make each kind of call once, for a new run, each with a connection that is reset when it commits."""
        run = make_run(f"run-{len(self._runs)}", status=RunStatus.QUEUED, tags={"first": "1"})
        runs = self.storage.run_storage
        self._with_fault(lambda: runs.add_run(run))
        self._with_fault(lambda: runs.add_run_tags(run.run_id, {"second": "2"}))
        self._runs[run.run_id] = {"first": "1", "second": "2"}
        self.report.acknowledged += 3
        self._claim(runs, run)
        self._store(EventType.RUN_STARTING, run)
        self._store(EventType.RUN_START, run)
        self._store(None, run)
        self._store(EventType.RUN_SUCCESS, run)

    def judge(self, storage: Storage) -> None:
        """Compare what `storage` holds with what was confirmed."""
        stored = Counter(
            entry.event_id for entry in storage.event_log_storage.get_logs_for_all_runs_by_log_id().values()
        )
        self.report.lost += (self._events - stored).elements()
        self.report.doubled += (stored - self._events).elements()
        runs = Counter(run.run_id for run in storage.run_storage.get_runs())
        self.report.lost += (Counter(list(self._runs)) - runs).elements()
        self.report.doubled += (runs - Counter(list(self._runs))).elements()
        for run in storage.run_storage.get_runs():
            if run.status is not RunStatus.SUCCESS or not self._runs[run.run_id].items() <= run.tags.items():
                self.report.lost.append(f"status or tags of {run.run_id}")

    def _store(self, event_type: EventType | None, run: Run) -> None:
        entries = [
            make_materialization("asset", run_id=run.run_id)
            if event_type is None
            else make_entry(event_type, run.run_id),
            make_entry("a line", run.run_id),
        ]
        records = self._with_fault(lambda: self.storage.store_events(entries))
        self._events.update(record.event_log_entry.event_id for record in records)
        self.report.lost += [
            f"{record.event_log_entry.event_id} came late" for record in records if record.late
        ]
        self.report.acknowledged += len(records)

    def _claim(self, runs: RunStorage, run: Run) -> None:
        """Claim the run with a lease that runs out at once, so that a claim without an answer can be made again."""

        def claim() -> Sequence[RunClaim]:
            return runs.claim("owner", 0, run_ids=[run.run_id])

        try:
            claims = self._with_fault(claim)
        except StorageOutcomeUnknownError:
            claims = []
        # As long as the server has not noticed that the connection is gone, it passes the run over.
        first = claims or _until_there_are_some(claim)
        second = _until_there_are_some(claim)
        if second[0].epoch != first[0].epoch + 1:
            self.report.doubled.append(f"claim on {run.run_id}")
        self.report.acknowledged += 2

    def _with_fault(self, call: Callable[[], ResultT]) -> ResultT:
        """Return what `call` returns although the connection is reset when it commits."""
        if self._chance.random() < _REQUESTS_RESET:
            self._proxy.reset_request(COMMIT, self._chance.randrange(5))
        else:
            self._proxy.reset_reply_to(COMMIT, self._chance.randrange(LONGEST_REPLY))
        try:
            return call()
        finally:
            self.report.faults += not self._proxy.is_armed


def _until_there_are_some(claim: Callable[[], Sequence[RunClaim]]) -> Sequence[RunClaim]:
    while not (claims := claim()):
        pass
    return claims
