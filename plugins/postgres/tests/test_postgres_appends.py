"""Events that are stored by one statement."""

import pytest

from runrack.errors import InvalidArgumentError
from runrack.records.asset import AssetMaterialization
from runrack.records.event import Event, EventLogEntry
from runrack.records.event_data import StepMaterializationData
from runrack.records.event_type import EventType
from runrack_postgres import PostgresStorage
from runrack_sql.row_insert import MOST_CHARACTERS


@pytest.fixture
def storage(url):
    storage = PostgresStorage(url)
    yield storage
    storage.dispose()


def message(text, run_id="run"):
    return EventLogEntry(None, 20, text, run_id, 1.0)


def materialization(name, run_id="run"):
    data = StepMaterializationData(AssetMaterialization(name, partition="a"))
    event = Event(EventType.ASSET_MATERIALIZATION, "job", "step", None, data)
    return EventLogEntry(None, 20, "", run_id, 1.0, "step", "job", event)


@pytest.mark.parametrize("make", [message, materialization])
def test_only_what_is_new_is_stored(storage, make):
    """Of entries some of which are stored, or given twice, each is stored once, and gets one record."""
    old, new, newer = make("a"), make("b"), make("c")
    (stored,) = storage.store_events([old])
    records = storage.store_events([new, old, new, newer])
    assert records[1] == stored
    assert records[0] == records[2]
    assert [record.event_log_entry for record in records] == [new, old, new, newer]
    in_log = storage.event_log_storage.get_records_for_run("run").records
    assert in_log == [stored, records[0], records[3]]


def test_texts_that_no_statement_carries(storage):
    """Entries that are too large together for one statement are stored all the same."""
    entries = [message("m" * (MOST_CHARACTERS // 2)) for _ in range(3)]
    records = storage.store_events(entries)
    assert [record.event_log_entry for record in records] == entries
    assert storage.event_log_storage.get_records_for_run("run").records == records


def test_a_name_that_cannot_be_kept_stores_nothing(storage):
    """A NUL in one of several names is refused, and the others are not stored."""
    with pytest.raises(InvalidArgumentError, match="NUL"):
        storage.store_events([message("a"), message("b", run_id="r\0n")])
    assert storage.event_log_storage.get_maximum_record_id() is None
