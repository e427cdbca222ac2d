"""Claims on runs when a connection breaks, when rows are locked, and by whose clock leases are measured."""

import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from runrack.errors import StaleClaimError, StorageOutcomeUnknownError
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_run
from runrack.testing.fault_proxy import COMMIT, fault_proxy
from runrack_postgres import PostgresRunStorage

LEASE = 3600

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
"""How many sessions of the database wait for a lock."""


@pytest.fixture
def storage(url):
    storage = PostgresRunStorage(url)
    for run_id in ("a", "b"):
        storage.add_run(make_run(run_id, status=RunStatus.QUEUED))
    yield storage
    storage.dispose()


@pytest.fixture
def cut(storage, url):
    """A proxy that can reset replies, and a storage behind it."""
    with fault_proxy(url) as (proxy, through):
        fragile = PostgresRunStorage(through)
        fragile.get_runs_count()
        yield proxy, fragile
        fragile.dispose()


def test_a_hand_over_that_was_not_answered_is_done_once(storage, cut):
    """The claim is the new owner's, under the same epoch, whether or not the first statement counted."""
    proxy, fragile = cut
    (claim,) = fragile.claim("daemon", LEASE)
    proxy.reset_reply_to(re.compile(rb"UPDATE runs"))
    handed = fragile.renew(claim, LEASE, owner="worker")
    assert not proxy.is_armed
    assert (handed.owner, handed.epoch) == ("worker", claim.epoch)
    assert storage.get_run_record_by_id("a").owner == "worker"
    with pytest.raises(StaleClaimError):
        fragile.renew(claim, LEASE)


def test_a_claim_whose_commit_was_not_answered_is_not_repeated(url, cut):
    """Claiming again would take a second run that nobody works on: the caller is told, and the lease ends by itself."""
    proxy, fragile = cut
    proxy.reset_reply_to(COMMIT)
    with pytest.raises(StorageOutcomeUnknownError):
        fragile.claim("daemon", LEASE)
    with psycopg.connect(url) as other:
        # The lock waits for the commit, which goes on its way when the connection of the claim is cut.
        owners = other.execute("SELECT owner FROM runs ORDER BY id FOR UPDATE").fetchall()
    assert owners == [("daemon",), (None,)]


def test_a_claim_passes_over_a_run_that_another_has_locked(storage, url):
    """A claim does not wait for a transaction that is about to change a run."""
    with psycopg.connect(url) as other:
        other.execute("SELECT 1 FROM runs WHERE run_id = 'a' FOR UPDATE")
        assert [claim.run_id for claim in storage.claim("daemon", LEASE, limit=9)] == ["b"]
    assert [claim.run_id for claim in storage.claim("daemon", LEASE)] == ["a"]


@pytest.mark.parametrize(("becomes", "claimed"), [("QUEUED", ["a", "b"]), ("STARTED", ["b"])])
def test_a_claim_waits_for_a_run_that_it_names(storage, url, becomes, claimed):
    """A claim on named runs begins when the transaction that holds one has ended, and judges by what that has left."""
    with psycopg.connect(url) as other, ThreadPoolExecutor() as pool:
        other.execute("UPDATE runs SET status = %s WHERE run_id = 'a'", [becomes])
        claiming = pool.submit(storage.claim, "daemon", LEASE, limit=9, run_ids=["a", "b"])
        with psycopg.connect(url, autocommit=True) as server:
            while not server.execute(WAITING).fetchone()[0]:
                assert not claiming.done()
        other.commit()
        assert [claim.run_id for claim in claiming.result()] == claimed


def test_dead_owners_are_looked_for_without_waiting(storage, url):
    """A claim that ran out is passed over while another transaction holds its run, and told when it is free."""
    expired = list(storage.claim("dead", 0, limit=9))
    with psycopg.connect(url) as other:
        other.execute("SELECT 1 FROM runs WHERE run_id = 'a' FOR UPDATE")
        assert list(storage.expire()) == expired[1:]
    assert list(storage.expire()) == expired[:1]


def test_a_lease_is_measured_by_the_clock_of_the_server(storage, url):
    """A lease runs out at a moment of the server's clock, in between what the server says before and after."""
    with psycopg.connect(url, autocommit=True) as server:

        def now():
            return server.execute("SELECT clock_timestamp()").fetchone()[0]

        before = now()
        (claim,) = storage.claim("daemon", LEASE)
        after = now()
    assert (claim.expires - after).total_seconds() <= LEASE <= (claim.expires - before).total_seconds()
