"""Claims on runs when a connection breaks, when rows are locked, and by whose clock leases are measured."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from runrack.errors import StaleClaimError, StorageOutcomeUnknownError
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_run
from runrack.testing.fault_proxy import COMMIT, FaultProxy, fault_proxy
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.storage import SqlStorage
from runrack_sql.testing.in_database import SqlSuite
from runrack_sql.testing.on_server import OnServer

LEASE = 3600


class RunClaimTests(OnServer, SqlSuite):
    """What holds for claims in a database on a server.

    Attributes:
        renewal: What the request holds that makes a renewal count.
    """

    renewal: ClassVar[re.Pattern[bytes]] = COMMIT

    @pytest.fixture
    def claimable(self, storage: SqlStorage) -> SqlRunStorage:
        """A storage of two runs that wait, "a" before "b"."""
        for run_id in ("a", "b"):
            storage.run_storage.add_run(make_run(run_id, status=RunStatus.QUEUED))
        return storage.run_storage

    @pytest.fixture
    def cut(self, claimable: SqlRunStorage) -> Iterator[tuple[FaultProxy, SqlRunStorage]]:
        """A proxy that can reset replies, and a storage behind it."""
        assert claimable.get_runs_count() == 2
        with fault_proxy(self.place) as (proxy, through):
            fragile = self.storage_class(through)
            fragile.run_storage.get_runs_count()
            yield proxy, fragile.run_storage
            fragile.dispose()

    def test_a_hand_over_that_was_not_answered_is_done_once(
        self, claimable: SqlRunStorage, cut: tuple[FaultProxy, SqlRunStorage]
    ) -> None:
        """The claim is the new owner's, under the same epoch, whether or not the first attempt counted."""
        proxy, fragile = cut
        (claim,) = fragile.claim("daemon", LEASE)
        proxy.reset_reply_to(self.renewal)
        handed = fragile.renew(claim, LEASE, owner="worker")
        assert not proxy.is_armed
        assert (handed.owner, handed.epoch) == ("worker", claim.epoch)
        record = claimable.get_run_record_by_id("a")
        assert record is not None
        assert record.owner == "worker"
        with pytest.raises(StaleClaimError):
            fragile.renew(claim, LEASE)

    def test_a_claim_whose_commit_was_not_answered_is_not_repeated(
        self, cut: tuple[FaultProxy, SqlRunStorage]
    ) -> None:
        """Claiming again would take a second run that nobody works on: the caller is told, and the lease ends by itself."""
        proxy, fragile = cut
        proxy.reset_reply_to(COMMIT)
        with pytest.raises(StorageOutcomeUnknownError):
            fragile.claim("daemon", LEASE)
        with self.transaction(self.place) as other:
            # The lock waits for the commit, which goes on its way when the connection of the claim is cut.
            other.execute("SELECT owner FROM runs ORDER BY id FOR UPDATE")
            owners = list(other.fetchall())
        assert owners == [("daemon",), (None,)]

    def test_a_claim_passes_over_a_run_that_another_has_locked(self, claimable: SqlRunStorage) -> None:
        """A claim does not wait for a transaction that is about to change a run."""
        with self.transaction(self.place) as other:
            other.execute("SELECT 1 FROM runs WHERE run_id = 'a' FOR UPDATE")
            assert [claim.run_id for claim in claimable.claim("daemon", LEASE, limit=9)] == ["b"]
        assert [claim.run_id for claim in claimable.claim("daemon", LEASE)] == ["a"]

    @pytest.mark.parametrize(("becomes", "claimed"), [("QUEUED", ["a", "b"]), ("STARTED", ["b"])])
    def test_a_claim_waits_for_a_run_that_it_names(
        self, claimable: SqlRunStorage, becomes: str, claimed: list[str]
    ) -> None:
        """A claim on named runs begins when the transaction that holds one has ended, and judges by what that has left."""
        with self.transaction(self.place) as other, ThreadPoolExecutor() as pool:
            other.execute("UPDATE runs SET status = %s WHERE run_id = 'a'", [becomes])
            claiming = pool.submit(claimable.claim, "daemon", LEASE, limit=9, run_ids=["a", "b"])
            self.wait_until_somebody_waits()
            other.execute("COMMIT")
            assert [claim.run_id for claim in claiming.result()] == claimed

    def test_dead_owners_are_looked_for_without_waiting(self, claimable: SqlRunStorage) -> None:
        """A claim that ran out is passed over while another transaction holds its run, and told when it is free."""
        expired = list(claimable.claim("dead", 0, limit=9))
        with self.transaction(self.place) as other:
            other.execute("SELECT 1 FROM runs WHERE run_id = 'a' FOR UPDATE")
            assert list(claimable.expire()) == expired[1:]
        assert list(claimable.expire()) == expired[:1]

    def test_a_lease_is_measured_by_the_clock_of_the_server(self, claimable: SqlRunStorage) -> None:
        """A lease runs out at a moment of the server's clock, in between what the server says before and after."""
        before = self._now()
        (claim,) = claimable.claim("daemon", LEASE)
        after = self._now()
        assert (claim.expires - after).total_seconds() <= LEASE <= (claim.expires - before).total_seconds()

    def _now(self) -> datetime:
        ((moment,),) = self.ask(self.place, self.tell_time)
        assert isinstance(moment, datetime)
        return moment.replace(tzinfo=UTC)
