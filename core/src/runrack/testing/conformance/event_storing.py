"""How entries get into the log and out of it: order, identity, fidelity, deletion."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from runrack.interfaces.event_log import EventQuery
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_type import EventType
from runrack.records.metadata import JsonMetadata, MetadataValue
from runrack.testing.builders import (
    ERROR,
    NOW,
    make_entry,
    make_event,
    make_materialization,
    make_observation,
    make_run,
)
from runrack.testing.conformance import worker
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_processes, in_threads, needs

AWKWARD_TEXT = "a\0b 🚀 日本語 \u202e \ud7ff \ufffd '\";--\\ \r\n\t%_"


def _log(storage: EventLogStorage, run_id: str = "run") -> list[EventLogEntry]:
    return list(storage.get_logs_for_run(run_id))


def _ids(records: Sequence[EventLogRecord]) -> list[int]:
    return [record.storage_id for record in records]


class EventStoringTests(ConformanceSuite[EventLogStorage]):
    """What `store_events` and `delete_events` do to the log."""

    @pytest.mark.parametrize("event_type", EventType)
    def test_every_type_of_event_is_kept(self, storage: EventLogStorage, event_type: EventType) -> None:
        """An event of any type is read back equal, with its payload.

        Look at the codec: use `runrack.records.codec`, which knows every payload.
        """
        entry = make_entry(
            make_event(event_type, step_key="step", message="told"), error_info=ERROR, level=40
        )
        record = storage.store_event(entry)
        assert (record.event_log_entry, record.late) == (entry, False)
        assert _log(storage) == [entry]

    def test_a_plain_message_is_kept(self, storage: EventLogStorage) -> None:
        """A message without an event is read back equal.

        Look at fields that may be None: step key, event, error.
        """
        entry = make_entry("hello", level=10, step_key="step", job_name=None)
        storage.store_event(entry)
        assert _log(storage) == [entry]

    def test_any_character_is_kept(self, storage: EventLogStorage) -> None:
        """NUL, emoji, quotes and line ends in messages and metadata are read back as they were.

        Look at the type of the column, its character set, and the driver's treatment of NUL and line ends.
        """
        entries = [
            make_entry(AWKWARD_TEXT),
            make_materialization(metadata={AWKWARD_TEXT: AWKWARD_TEXT}, description=AWKWARD_TEXT),
        ]
        storage.store_events(entries)
        assert _log(storage) == entries

    def test_a_big_event_is_kept(self, storage: EventLogStorage) -> None:
        """An event with 1 MB of metadata is read back equal.

        Look at limits of the column, of a packet of the protocol, or of a file.
        """
        entry = make_materialization(metadata={"text": "ü" * 500_000, "list": list(range(10_000))})
        storage.store_event(entry)
        assert _log(storage) == [entry]

    def test_metadata_is_out_of_reach(self, storage: EventLogStorage) -> None:
        """Changing what an event was made of does not change what is stored.

        Look for an object that is kept as given: encode it, or copy it deeply.
        """
        value = {"a": [1]}
        storage.store_event(make_materialization(metadata={"json": MetadataValue.json(value)}))
        value["a"].append(2)
        (entry,) = _log(storage)
        fact = entry.asset_materialization
        assert fact is not None
        assert fact.metadata == {"json": JsonMetadata({"a": [1]})}

    def test_exact_times_are_kept(self, storage: EventLogStorage) -> None:
        """A timestamp is read back as the same float.

        Look at the type of the column: a 64-bit float, no decimal and no text of fewer digits.
        """
        times = [NOW + 0.1, 0.0, 1.5, NOW + 1e-6, 4_000_000_000.123456]
        storage.store_events([make_entry(timestamp=each) for each in times])
        assert [entry.timestamp for entry in _log(storage)] == times

    def test_storage_ids_grow(self, storage: EventLogStorage) -> None:
        """Storage ids are positive and grow across runs and calls.

        Look at where ids come from: one sequence for all runs.
        """
        records = [
            *storage.store_events([make_entry(run_id="a"), make_entry(run_id="b")]),
            storage.store_event(make_entry(run_id="a")),
            storage.store_event(make_materialization(run_id="c")),
        ]
        ids = _ids(records)
        assert ids[0] > 0
        assert all(earlier < later for earlier, later in pairwise(ids))
        assert storage.get_maximum_record_id() == ids[-1]

    def test_an_empty_log_has_no_maximum(self, storage: EventLogStorage) -> None:
        """An empty log has no maximum id, no entries and no events of any run.

        Look at MAX over no rows, which gives NULL.
        """
        assert storage.get_maximum_record_id() is None
        assert list(storage.query_events(EventQuery())) == []
        assert dict(storage.get_logs_for_all_runs_by_log_id()) == {}

    def test_storing_nothing_is_no_error(self, storage: EventLogStorage) -> None:
        """An empty batch gives no records.

        Look at the statement that an empty batch makes.
        """
        assert list(storage.store_events([])) == []

    def test_records_come_in_the_order_given(self, storage: EventLogStorage) -> None:
        """A batch gives one record an entry, in its order, under the ids that a reader sees.

        Look at how ids are matched with entries: databases may return inserted rows in any order.
        """
        entries = [make_entry(f"{index}", run_id=f"{index % 2}") for index in range(10)]
        records = storage.store_events(entries)
        assert [record.event_log_entry for record in records] == entries
        assert list(storage.query_events(EventQuery())) == list(records)

    def test_storage_decides_not_time(self, storage: EventLogStorage) -> None:
        """The log is in the order of storage, whatever the timestamps say.

        Look at ORDER BY: the storage id, not the timestamp.
        """
        entries = [make_entry(timestamp=each) for each in (NOW, NOW - 10, NOW + 10, NOW - 10)]
        storage.store_events(entries)
        assert _log(storage) == entries
        assert list(storage.get_logs_for_run("run", ascending=False)) == entries[::-1]

    def test_an_event_is_stored_once(self, storage: EventLogStorage) -> None:
        """Storing an entry again gives its record and stores nothing. Check a retried write.

        Look at the unique key of `event_id`, and at what the call returns when it is there already.
        """
        entry = make_materialization()
        first = storage.store_event(entry)
        later = storage.store_event(make_entry())
        assert storage.store_event(entry) == first
        assert _log(storage) == [entry, later.event_log_entry]

    def test_the_stored_entry_counts(self, storage: EventLogStorage) -> None:
        """Another entry with a stored id gives the stored one, and does not change the asset catalog.

        Look at whether what follows from an entry is applied only when the entry is new.
        """
        first = make_materialization(partition="a")
        other = make_materialization(asset="other", partition="b")
        storage.store_event(first)
        clash = EventLogEntry(
            None, 20, "", "run", NOW, job_name="job", event=other.event, event_id=first.event_id
        )
        assert storage.store_event(clash).event_log_entry == first
        assert [key.path for key in storage.all_asset_keys()] == [("asset",)]

    def test_a_batch_may_repeat_an_event(self, storage: EventLogStorage) -> None:
        """A batch that holds stored and repeated entries stores the new ones, each once.

        Look at repeats within the batch and in the database: both are found before anything is inserted.
        """
        old, new = make_entry("old"), make_entry("new")
        storage.store_event(old)
        records = storage.store_events([new, old, new])
        assert [record.event_log_entry for record in records] == [new, old, new]
        assert records[0] == records[2]
        assert _log(storage) == [old, new]

    def test_a_batch_is_stored_whole_or_not_at_all(self, storage: EventLogStorage) -> None:
        """A batch with an entry that cannot be stored raises, and nothing of it remains: no entry, no asset.

        Look at the transaction: encode everything first, commit once.
        """
        bad = make_materialization(metadata={"bad": MetadataValue.json(object())})
        with pytest.raises((TypeError, ValueError)):
            storage.store_events([make_entry(), make_materialization(), bad])
        assert _log(storage) == []
        assert list(storage.all_asset_keys()) == []

    def test_late_events_are_kept_as_late(self, storage: EventLogStorage) -> None:
        """An entry named in `late_event_ids` is marked late wherever it is read; the others are not.

        Look at the column of the mark, and at each query that makes a record.
        """
        in_time, late = make_entry(EventType.RUN_START), make_entry(EventType.RUN_SUCCESS)
        records = storage.store_events([in_time, late], late_event_ids=[late.event_id])
        assert [record.late for record in records] == [False, True]
        assert [record.late for record in storage.get_records_for_run("run").records] == [False, True]

    def test_runs_have_logs_of_their_own(self, storage: EventLogStorage) -> None:
        """A run's log holds its own entries only; run ids compare by code point.

        Look at the condition on the run, and at the collation of its column.
        """
        run_ids = ["run", "RUN", "run ", "ru%", "ru_", "../run", "ü", "u\u0308", "x" * 200]
        storage.store_events([make_entry(f"of {run_id}", run_id=run_id) for run_id in run_ids])
        found = {run_id: [entry.user_message for entry in _log(storage, run_id)] for run_id in run_ids}
        assert found == {run_id: [f"of {run_id}"] for run_id in run_ids}

    def test_an_event_may_belong_to_no_run(self, storage: EventLogStorage) -> None:
        """Events with the run id "" are kept and found under it, and only there.

        Look at a test such as `if run_id:`, and at an empty text stored as NULL.
        """
        entry = make_observation(run_id="")
        storage.store_events([entry, make_entry(run_id="run")])
        assert _log(storage, "") == [entry]
        (record,) = storage.query_events(EventQuery(run_id=""))
        assert record.event_log_entry == entry

    def test_a_deleted_log_is_gone(self, storage: EventLogStorage) -> None:
        """`delete_events` removes the log of one run from every query and leaves the others.

        Look at every table that holds something of an event: tags, assets, plans.
        """
        storage.store_events([make_entry(EventType.RUN_START, run_id) for run_id in ("a", "b")])
        storage.delete_events("a")
        storage.delete_events("unknown")
        assert (_log(storage, "a"), len(_log(storage, "b"))) == ([], 1)
        changes = storage.fetch_run_status_changes(EventType.RUN_START, limit=10)
        assert [record.run_id for record in changes.records] == ["b"]
        assert [entry.run_id for entry in storage.get_logs_for_all_runs_by_log_id().values()] == ["b"]

    def test_storage_ids_are_not_given_twice(self, storage: EventLogStorage) -> None:
        """After the newest entries were deleted the next one gets a new id: a reader's cursor stays true.

        Look at ids that the database gives twice after the newest row is deleted: keep a counter that only grows.
        """
        last = storage.store_event(make_entry(run_id="a")).storage_id
        storage.delete_events("a")
        assert storage.store_event(make_entry(run_id="b")).storage_id > last

    def test_a_deleted_event_can_be_stored_again(self, storage: EventLogStorage) -> None:
        """An entry whose log was deleted is new when it is stored again.

        Look at where `event_id` is remembered: it is forgotten with its entry.
        """
        entry = make_entry()
        storage.store_event(entry)
        storage.delete_events("run")
        storage.store_event(entry)
        assert _log(storage) == [entry]

    def test_a_wipe_removes_everything(self, storage: EventLogStorage) -> None:
        """`wipe` removes entries, assets, dynamic partitions and concurrency slots.

        Look at the list of tables in `wipe`.
        """
        storage.store_events([make_entry(), make_materialization(partition="a")])
        storage.add_dynamic_partitions("def", ["a"])
        storage.set_concurrency_slots("key", 1)
        storage.claim_concurrency_slot("key", "run", "step")
        storage.wipe()
        assert storage.get_maximum_record_id() is None
        assert list(storage.all_asset_keys()) == []
        assert list(storage.get_dynamic_partitions("def")) == []
        assert (storage.get_concurrency_keys(), storage.get_concurrency_run_ids()) == (set(), set())
        storage.store_event(make_materialization())
        assert len(storage.all_asset_keys()) == 1

    def test_threads_write_at_once(self, storage: EventLogStorage) -> None:
        """8 threads that store 100 entries each lose none; ids are unique and grow within each thread.

        Look at the lock or transaction around giving ids and inserting.
        """
        ids = in_threads(
            lambda number: [
                storage.store_event(make_entry(f"{index}", run_id=f"{number}")).storage_id
                for index in range(100)
            ]
        )
        assert all(each == sorted(each) for each in ids)
        assert len({storage_id for each in ids for storage_id in each}) == 800
        assert _ids(storage.query_events(EventQuery())) == sorted(i for each in ids for i in each)

    def test_threads_store_one_event(self, storage: EventLogStorage) -> None:
        """8 threads that store the same entries at once get the same records, and each is stored once.

        Look at what happens when the unique key of `event_id` is violated: read the stored record and return it.
        """
        entries = [make_entry(f"{index}") for index in range(10)]
        results = in_threads(lambda _number: [storage.store_event(entry) for entry in entries])
        assert all(each == results[0] for each in results)
        assert len(_log(storage)) == 10

    def test_a_follower_misses_nothing(self, storage: EventLogStorage) -> None:
        """A reader that continues from the last id that it saw gets every entry, while others write.

        Look at ids that become visible in another order than they were given: commit in the order of ids.
        """
        seen: list[int] = []

        def write(number: int) -> None:
            for _ in range(50):
                storage.store_events([make_entry(run_id=f"{number}"), make_materialization()])

        def read() -> list[int]:
            last = seen[-1] if seen else None
            return _ids(storage.query_events(EventQuery(after_id=last, limit=20)))

        with ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(write, number) for number in range(4)]
            while not all(writer.done() for writer in writers):
                seen.extend(read())
        while page := read():
            seen.extend(page)
        assert seen == _ids(storage.query_events(EventQuery()))
        assert len(seen) == 400

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_processes_write_at_once(self, storage: EventLogStorage) -> None:
        """Processes that write at once lose nothing; ids are unique and grow within each process.

        Look at the lock of the database, and at what is done when it is busy.
        """
        ids = in_processes(worker.store_messages, self.opener(storage), 50)
        assert all(each == sorted(each) for each in ids)
        assert _ids(storage.query_events(EventQuery())) == sorted(i for each in ids for i in each)
        assert len({storage_id for each in ids for storage_id in each}) == 150

    @needs(Ability.SURVIVES_REOPEN)
    def test_events_survive(self, storage: EventLogStorage) -> None:
        """Entries, the asset catalog, partitions and slots are there after the storage was opened again.

        Look at what is kept in memory only, and at a commit that is missing.
        """
        run_id = make_run().run_id
        records = storage.store_events(
            [make_entry(run_id=run_id), make_materialization(partition="a", run_id=run_id)]
        )
        assets = list(storage.get_asset_records())
        storage.add_dynamic_partitions("def", ["b", "a"])
        storage.set_concurrency_slots("key", 1)
        storage.claim_concurrency_slot("key", run_id, "step")
        open_again = self.opener(storage)
        storage.dispose()
        again = open_again()
        assert list(again.query_events(EventQuery())) == list(records)
        assert list(again.get_asset_records()) == assets
        assert list(again.get_dynamic_partitions("def")) == ["b", "a"]
        assert again.check_concurrency_claim("key", run_id, "step").is_claimed
        assert again.store_event(make_entry()).storage_id > records[-1].storage_id
        again.dispose()

    def test_disposing_twice_is_harmless(self, storage: EventLogStorage) -> None:
        """`dispose` can be repeated.

        Look at what `dispose` closes: closing again must do nothing.
        """
        storage.dispose()
        storage.dispose()
