"""Claims on runs when a connection breaks, when rows are locked, and by whose clock leases are measured."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import pytest

from runrack.errors import StaleClaimError, StorageOutcomeUnknownError
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_run
from runrack.testing.fault_proxy import COMMIT, fault_proxy
from runrack_mysql import MySQLRunStorage

LEASE = 3600

WAITING = "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
"""How many transactions of the server wait for a lock."""


@pytest.fixture
def storage(url):
    storage = MySQLRunStorage(url)
    for run_id in ("a", "b"):
        storage.add_run(make_run(run_id, status=RunStatus.QUEUED))
    yield storage
    storage.dispose()


@pytest.fixture
def cut(storage, url):
    """A proxy that can reset replies, and a storage behind it."""
    with fault_proxy(url) as (proxy, through):
        fragile = MySQLRunStorage(through)
        fragile.get_runs_count()
        yield proxy, fragile
        fragile.dispose()


def test_a_hand_over_whose_commit_was_not_answered_is_done_once(storage, cut):
    """The claim is the new owner's, under the same epoch, whether or not the first commit counted."""
    proxy, fragile = cut
    (claim,) = fragile.claim("daemon", LEASE)
    proxy.reset_reply_to(COMMIT)
    handed = fragile.renew(claim, LEASE, owner="worker")
    assert not proxy.is_armed
    assert (handed.owner, handed.epoch) == ("worker", claim.epoch)
    assert storage.get_run_record_by_id("a").owner == "worker"
    with pytest.raises(StaleClaimError):
        fragile.renew(claim, LEASE)


def test_a_claim_whose_commit_was_not_answered_is_not_repeated(transaction, url, cut):
    """Claiming again would take a second run that nobody works on: the caller is told, and the lease ends by itself."""
    proxy, fragile = cut
    proxy.reset_reply_to(COMMIT)
    with pytest.raises(StorageOutcomeUnknownError):
        fragile.claim("daemon", LEASE)
    with transaction(url) as other:
        # The lock waits for the commit, which goes on its way when the connection of the claim is cut.
        other.execute("SELECT owner FROM runs ORDER BY id FOR UPDATE")
        owners = list(other.fetchall())
    assert owners == [("daemon",), (None,)]


def test_a_claim_passes_over_a_run_that_another_has_locked(transaction, storage, url):
    """A claim does not wait for a transaction that is about to change a run."""
    with transaction(url) as other:
        other.execute("SELECT 1 FROM runs WHERE run_id = 'a' FOR UPDATE")
        assert [claim.run_id for claim in storage.claim("daemon", LEASE, limit=9)] == ["b"]
    assert [claim.run_id for claim in storage.claim("daemon", LEASE)] == ["a"]


@pytest.mark.parametrize(("becomes", "claimed"), [("QUEUED", ["a", "b"]), ("STARTED", ["b"])])
def test_a_claim_waits_for_a_run_that_it_names(transaction, ask, storage, url, becomes, claimed):
    """A claim on named runs begins when the transaction that holds one has ended, and judges by what that has left."""
    with transaction(url) as other, ThreadPoolExecutor() as pool:
        other.execute("UPDATE runs SET status = %s WHERE run_id = 'a'", [becomes])
        claiming = pool.submit(storage.claim, "daemon", LEASE, limit=9, run_ids=["a", "b"])
        while ask(url, WAITING) == [(0,)]:
            assert not claiming.done()
        other.execute("COMMIT")
        assert [claim.run_id for claim in claiming.result()] == claimed


def test_dead_owners_are_looked_for_without_waiting(transaction, storage, url):
    """A claim that ran out is passed over while another transaction holds its run, and told when it is free."""
    expired = list(storage.claim("dead", 0, limit=9))
    with transaction(url) as other:
        other.execute("SELECT 1 FROM runs WHERE run_id = 'a' FOR UPDATE")
        assert list(storage.expire()) == expired[1:]
    assert list(storage.expire()) == expired[:1]


def test_a_lease_is_measured_by_the_clock_of_the_server(ask, storage, url):
    """A lease runs out at a moment of the server's clock, in between what the server says before and after."""

    def now():
        ((moment,),) = ask(url, "SELECT utc_timestamp(6)")
        return moment.replace(tzinfo=UTC)

    before = now()
    (claim,) = storage.claim("daemon", LEASE)
    after = now()
    assert (claim.expires - after).total_seconds() <= LEASE <= (claim.expires - before).total_seconds()
