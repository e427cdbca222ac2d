"""What PostgreSQL cannot keep, and in which order it gives back the texts that it keeps."""

import pytest

from runrack.errors import InvalidArgumentError, StorageError
from runrack.records.asset_key import AssetKey
from runrack.records.runs_filter import RunsFilter
from runrack.testing.builders import make_materialization, make_run
from runrack_postgres import PostgresStorage


def test_what_no_column_holds_is_refused(url):
    """NUL in a name and a number of more than 64 bits are the caller's mistake; nothing is stored, and work goes on."""
    storage = PostgresStorage(url)
    with pytest.raises(InvalidArgumentError, match="NUL"):
        storage.run_storage.add_run(make_run("a\0b"))
    with pytest.raises(InvalidArgumentError, match="NUL"):
        storage.event_log_storage.add_dynamic_partitions("definition", ["a\0b"])
    with pytest.raises(InvalidArgumentError, match="64 bits"):
        storage.event_log_storage.get_logs_for_all_runs_by_log_id(after_cursor=2**63)
    assert storage.run_storage.get_runs_count() == 0
    storage.dispose()


@pytest.mark.parametrize("icu", ["en-US", "de-DE-u-co-phonebk"])
def test_texts_are_in_the_order_of_code_points_in_every_locale(postgres_server, icu):
    """Whatever the locale of the database, nothing is folded, and order is that of code points."""
    names = ["B", "a", "Ä", "ä", "Z", "_", "a b", "ab", "🚀", "ÿ"]
    options = f"LOCALE_PROVIDER icu ICU_LOCALE '{icu}'"
    with postgres_server.database(options=options) as url:
        storage = PostgresStorage(url)
        for name in names:
            storage.run_storage.add_run(make_run(name, tags={name: name}))
            storage.store_events([make_materialization(name, run_id=name)])
        assert list(storage.run_storage.get_run_tag_keys()) == sorted(names)
        assert storage.run_storage.get_run_ids(RunsFilter(tags={"a": "a"})) == ["a"]
        keys = [AssetKey(name).to_string() for name in names]
        assert [key.to_string() for key in storage.event_log_storage.get_asset_keys()] == sorted(keys)
        storage.dispose()


def test_a_database_of_another_encoding_is_refused(postgres_server):
    """A database that cannot hold every name is refused before anything is made in it."""
    with postgres_server.database(options="ENCODING 'LATIN1' LOCALE 'C'") as url:
        storage = PostgresStorage(url)
        with pytest.raises(StorageError, match=r"keeps text as LATIN1.*ENCODING 'UTF8' TEMPLATE template0"):
            storage.run_storage.get_runs_count()
        storage.dispose()
