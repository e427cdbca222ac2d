"""What MySQL is known to cut off, fold or refuse is stored exactly, or is an error that says what to do."""

import time

import pytest
from sqlalchemy import select

from runrack.errors import InvalidArgumentError, StorageError
from runrack.records.asset_key import AssetKey
from runrack.records.runs_filter import RunsFilter
from runrack.testing.builders import make_entry, make_materialization, make_run
from runrack.testing.mariadb import own_mariadb_server
from runrack_mysql import MySQLStorage
from runrack_mysql.conformance import OnMariaDB

MEGABYTE = 1_000_000

SLOPPY = {
    "sql-mode": "",
    "max-allowed-packet": "1M",
    "character-set-server": "latin1",
    "default-storage-engine": "MyISAM",
    "default-time-zone": "-07:00",
    "transaction-isolation": "SERIALIZABLE",
}
"""Settings of a server that cuts texts off, knows no transactions unless asked for them, and takes little at once."""

DIFFERENT_NAMES = [
    "Test",
    "test",
    "test ",
    " test",
    "tést",
    "test\t",
    "test\0",
    "🚀",
    "🚁",
    "\N{CYRILLIC SMALL LETTER ES}",
]


@pytest.fixture
def storage(url):
    storage = MySQLStorage(url)
    yield storage
    storage.dispose()


@pytest.fixture(scope="module")
def sloppy_url():
    with own_mariadb_server(**SLOPPY) as server, server.database() as url:
        yield url


@pytest.fixture
def sloppy(sloppy_url):
    storage = MySQLStorage(sloppy_url)
    yield storage
    storage.dispose()


@pytest.mark.parametrize("megabytes", [1, 20])
def test_large_metadata_are_stored_exactly(storage, megabytes):
    """An event of 20 MB, in characters of every width, comes back as it was."""
    entry = make_entry("aé€🚀'\\\n" * (megabytes * MEGABYTE // 13), "run")
    storage.store_events([entry])
    assert list(storage.event_log_storage.get_logs_for_run("run")) == [entry]


def test_names_differ_by_every_code_point(storage):
    """Upper and lower case, accents, emoji and blanks at the end make different runs, tags and assets, found one by one."""
    for name in DIFFERENT_NAMES:
        storage.run_storage.add_run(make_run(name, job_name=name, tags={name: name}))
        storage.store_events([make_materialization(name, name, run_id=name)])
    for name in DIFFERENT_NAMES:
        assert [run.tags for run in storage.run_storage.get_runs(RunsFilter(job_name=name))] == [{name: name}]
        assert storage.run_storage.get_run_ids(RunsFilter(tags={name: name})) == [name]
        assert len(storage.event_log_storage.get_records_for_run(name).records) == 1
    keys = [AssetKey(name).to_string() for name in DIFFERENT_NAMES]
    assert [key.to_string() for key in storage.event_log_storage.get_asset_keys()] == sorted(keys)
    assert list(storage.run_storage.get_run_tag_keys()) == sorted(DIFFERENT_NAMES)


def test_the_longest_names_are_kept_and_longer_ones_refused(storage):
    """255 characters of four bytes each are a name; one more is an error, and nothing of it is stored."""
    longest = "🚀" * 255
    storage.run_storage.add_run(make_run(longest, tags={longest: "value " * 1000}))
    assert storage.run_storage.get_run_ids(RunsFilter(tags={longest: "value " * 1000})) == [longest]
    with pytest.raises(InvalidArgumentError, match="at most 255 characters"):
        storage.run_storage.add_run(make_run("other", tags={"🚀" * 256: "value"}))
    assert storage.run_storage.get_run_ids() == [longest]


def test_long_asset_keys_are_listed_in_their_order(storage):
    """Keys that are alike in their first 10,000 characters are ordered by what follows."""
    names = [f"{'k' * 10_000}{number:03}" for number in range(100)]
    storage.store_events([make_materialization(name) for name in reversed(names)])
    assert list(storage.event_log_storage.get_asset_keys()) == [AssetKey(name) for name in names]


def test_what_the_server_does_not_take_is_refused_before_anything_is_stored(sloppy):
    """With `max_allowed_packet` at 1 MiB a row of more than half of it is an error that names the setting."""
    with pytest.raises(InvalidArgumentError, match=r"takes 524288 in a row.*max_allowed_packet"):
        sloppy.store_events([make_entry("fits", "large"), make_entry("x" * MEGABYTE, "large")])
    assert list(sloppy.event_log_storage.get_logs_for_run("large")) == []
    entry = make_entry("x" * (MEGABYTE // 2), "large")
    sloppy.store_events([entry])
    assert list(sloppy.event_log_storage.get_logs_for_run("large")) == [entry]


def test_a_batch_is_larger_than_what_the_server_takes_at_once(sloppy):
    """Rows that fit one by one are stored together, however much they are: here 10 MB through 1 MiB."""
    entries = [make_entry("x" * (MEGABYTE // 10), "batch") for _ in range(100)]
    sloppy.store_events(entries)
    assert list(sloppy.event_log_storage.get_logs_for_run("batch")) == entries


def test_settings_of_the_server_cut_nothing_off(sloppy):
    """Without strict mode, in a database of one-byte characters, texts are kept whole or refused."""
    sloppy.run_storage.add_run(make_run("🚀", tags={"é": "€"}))
    assert sloppy.run_storage.get_run_ids(RunsFilter(tags={"é": "€"})) == ["🚀"]
    with pytest.raises(InvalidArgumentError, match="at most 255 characters"):
        sloppy.run_storage.add_run(make_run("x" * 256))
    assert sloppy.run_storage.get_run_ids() == ["🚀"]


def test_settings_of_the_server_do_not_take_transactions_away(sloppy, sloppy_url):
    """All tables are of InnoDB, whatever engine the server would choose."""
    sloppy.run_storage.get_runs_count()
    engines = "SELECT DISTINCT engine FROM information_schema.tables WHERE table_schema = database()"
    assert OnMariaDB().ask(sloppy_url, engines) == [("InnoDB",)]


def test_leases_are_counted_in_utc_wherever_the_server_is(sloppy):
    """The server tells its clock in microseconds since 1970, whatever its time zone is."""
    with sloppy.database.read() as conn:
        now_us = conn.execute(select(sloppy.database.dialect.microseconds_now())).scalar()
    assert abs(now_us / 1_000_000 - time.time()) < 3600


def test_a_server_that_is_too_old_is_refused():
    """The error says which version is there and which is needed; no table is made."""
    with own_mariadb_server(version="10.5.8-MariaDB") as server, server.database() as url:
        storage = MySQLStorage(url)
        with pytest.raises(StorageError, match=r"server of MariaDB 10\.5\.8.*use MariaDB 10\.6 or later"):
            storage.run_storage.get_runs_count()
        storage.dispose()
