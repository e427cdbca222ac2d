"""StorageConformance: what changes together when the three storages are one."""

import multiprocessing
from datetime import UTC, datetime
from itertools import permutations

import pytest

from runrack.interfaces.storage import Storage
from runrack.records import tags as tag_names
from runrack.records.asset_key import AssetKey
from runrack.records.event import EventLogEntry
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import STATUS_AFTER, EventType
from runrack.records.metadata import MetadataValue
from runrack.records.run import RunFailureReason, RunRecord
from runrack.records.run_status import TRANSITIONS, RunStatus
from runrack.testing.builders import NOW, make_entry, make_event, make_materialization, make_plan, make_run
from runrack.testing.conformance import worker
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_processes, in_threads, needs

START, SUCCESS, FAILURE = EventType.RUN_START, EventType.RUN_SUCCESS, EventType.RUN_FAILURE


class _Owner:
    """Stands for an instance: a part only remembers it."""


def _record(storage: Storage, run_id: str = "run") -> RunRecord:
    record = storage.run_storage.get_run_record_by_id(run_id)
    assert record is not None
    return record


def _status(storage: Storage, run_id: str = "run") -> RunStatus:
    return _record(storage, run_id).run.status


def _log(storage: Storage, run_id: str = "run") -> list[EventLogEntry]:
    return list(storage.event_log_storage.get_logs_for_run(run_id))


def _status_told_by_the_log(storage: Storage, run_id: str, first: RunStatus) -> RunStatus:
    """Return where the events that counted lead, checking that each was allowed to follow the one before."""
    status = first
    for record in storage.event_log_storage.get_records_for_run(run_id).records:
        after = STATUS_AFTER.get(record.event_type)
        if after is not None and not record.late:
            assert after in TRANSITIONS[status]
            status = after
    return status


class StorageConformance(ConformanceSuite[Storage]):
    """The tests of what `Storage` promises beyond its parts.

    The parts have to pass their own suites as well: an implementer adds a class for each, whose `make_storage` returns
    the part.
    """

    def test_the_parts_stay_the_same(self, storage: Storage) -> None:
        """Each part is always the same object.

        Look at the properties: make each part once, in the constructor.
        """
        assert storage.run_storage is storage.run_storage
        assert storage.event_log_storage is storage.event_log_storage
        assert storage.schedule_storage is storage.schedule_storage

    def test_the_parts_know_the_instance(self, storage: Storage) -> None:
        """Registering an instance registers it with every part, weakly.

        Look at `register_instance`: it goes on to each part; and at a reference that is not weak.
        """
        owner = _Owner()
        storage.register_instance(owner)  # type: ignore[arg-type] # a part only remembers it
        parts = (storage, storage.run_storage, storage.event_log_storage, storage.schedule_storage)
        known: list[object] = [part.instance for part in parts]
        assert known == [owner] * 4
        del owner, known
        assert not any(part.has_instance for part in parts)

    def test_an_event_moves_its_run(self, storage: Storage) -> None:
        """An event is stored, and its run moved at the entry's own time.

        Look at the time that the run gets: the entry's, not that of the clock.
        """
        storage.run_storage.add_run(make_run("run"))
        entries = [make_entry(START, timestamp=NOW + 1.5), make_entry(SUCCESS, timestamp=NOW + 2.5)]
        records = [record for entry in entries for record in storage.store_events([entry])]
        assert [(record.event_log_entry, record.late) for record in records] == [(e, False) for e in entries]
        run = _record(storage)
        assert (run.run.status, run.start_time, run.end_time) == (RunStatus.SUCCESS, NOW + 1.5, NOW + 2.5)
        assert run.update_timestamp == datetime.fromtimestamp(NOW + 2.5, UTC)

    def test_a_batch_is_applied_in_its_order(self, storage: Storage) -> None:
        """Events of several runs in one batch are applied in the order given, and so are their records.

        Look at whether entries are applied one after the other, each judged by what the one before has left.
        """
        for run_id in ("a", "b"):
            storage.run_storage.add_run(make_run(run_id))
        entries = [
            make_entry("message", "a"),
            make_entry(START, "a"),
            make_entry(FAILURE, "b"),
            make_entry(SUCCESS, "a"),
            make_entry(START, "b"),
        ]
        records = storage.store_events(entries)
        assert [record.event_log_entry for record in records] == entries
        assert [record.late for record in records] == [False, False, False, False, True]
        assert (_status(storage, "a"), _status(storage, "b")) == (RunStatus.SUCCESS, RunStatus.FAILURE)

    def test_an_empty_batch_is_no_error(self, storage: Storage) -> None:
        """An empty batch gives no records.

        Look at the statement that an empty batch makes.
        """
        assert list(storage.store_events([])) == []

    def test_an_event_of_an_unknown_run_is_stored(self, storage: Storage) -> None:
        """A run event of an unknown run, or of none, is stored and not late; it makes no run.

        Look at how lateness is judged when there is no run: it is not late.
        """
        records = storage.store_events([make_entry(START, "unknown"), make_materialization(run_id="")])
        assert [record.late for record in records] == [False, False]
        assert storage.run_storage.get_runs_count() == 0

    def test_assets_follow(self, storage: Storage) -> None:
        """A materialization updates the asset catalog.

        Look at whether `store_events` goes through what keeps the catalog.
        """
        entry = make_materialization(partition="a")
        (record,) = storage.store_events([entry])
        log = storage.event_log_storage
        (asset,) = log.get_asset_records()
        assert asset.asset_entry.last_materialization == entry
        newest = log.get_latest_storage_id_by_partition(AssetKey("asset"), EventType.ASSET_MATERIALIZATION)
        assert newest == {"a": record.storage_id}

    @pytest.mark.parametrize("before", RunStatus)
    def test_an_event_that_may_not_be_applied_is_late(self, storage: Storage, before: RunStatus) -> None:
        """A run event counts exactly where TRANSITIONS allows it; else it is kept as late and changes nothing.

        Look at `TRANSITIONS`, and at the mark being stored in the same transaction as the refusal.
        """
        for event_type, after in STATUS_AFTER.items():
            run_id = f"{before}-{event_type}"
            storage.run_storage.add_run(make_run(run_id, status=before))
            unchanged = _record(storage, run_id)
            (record,) = storage.store_events([make_entry(event_type, run_id)])
            is_legal = after in TRANSITIONS[before]
            assert (event_type, record.late) == (event_type, not is_legal)
            if is_legal:
                assert _status(storage, run_id) is after
            else:
                assert _record(storage, run_id) == unchanged
            assert len(_log(storage, run_id)) == 1

    def test_an_old_epoch_is_late(self, storage: Storage) -> None:
        """Whatever is written of a run in another epoch than its current one is late; of other runs, it is not.

        Look at the comparison of epochs: for every event of that run, not for run events only.
        """
        storage.run_storage.add_run(make_run("run"))
        epoch = _record(storage).epoch
        entries = [make_entry(START), make_entry("text"), make_entry("text", "unknown")]
        stale = storage.store_events(entries, epoch=epoch + 1)
        assert [record.late for record in stale] == [True, True, False]
        assert [record.late for record in storage.store_events(entries, epoch=epoch)] == [True, True, False]
        assert _log(storage) == entries[:2]
        assert _status(storage) is RunStatus.NOT_STARTED
        (current,) = storage.store_events([make_entry(START)], epoch=epoch)
        assert (current.late, _status(storage)) == (False, RunStatus.STARTED)

    def test_a_late_materialization_makes_no_asset(self, storage: Storage) -> None:
        """What a writer of another epoch has made is in the log of the run; no question about assets gives it.

        Look at the mark of lateness: what follows from an entry is left out when it is set.
        """
        storage.run_storage.add_run(make_run("run"))
        epoch, log, key = _record(storage).epoch, storage.event_log_storage, AssetKey("asset")
        entries = [make_plan(), make_materialization(partition="a")]
        stale = storage.store_events(entries, epoch=epoch + 1)
        assert [record.late for record in stale] == [True, True]
        assert list(log.all_asset_keys()) == []
        assert list(log.fetch_materializations(key, 10).records) == []
        assert log.get_latest_storage_id_by_partition(key, EventType.ASSET_MATERIALIZATION) == {}
        assert list(log.get_records_for_run("run").records) == list(stale)
        counted = make_materialization(partition="b", run_id="other")
        storage.store_events([counted])
        storage.store_events([make_materialization(partition="c")], epoch=epoch + 1)
        assert log.get_latest_materialization_events([key]) == {key: counted}
        storage.delete_run("other")
        assert log.get_latest_materialization_events([key]).get(key) is None

    def test_who_lost_his_claim_is_late(self, storage: Storage) -> None:
        """What an owner whose claim expired says of the run is kept as late; the run is the next owner's.

        Look at the epoch that is compared: the one stored now, read in the same transaction.
        """
        runs = storage.run_storage
        runs.add_run(make_run("run", status=RunStatus.QUEUED))
        (dead,) = runs.claim("dead", 0)
        storage.store_events([make_entry(EventType.RUN_STARTING)], epoch=dead.epoch)
        assert list(runs.expire()) == [dead]
        (alive,) = runs.claim("alive", 60, status=RunStatus.STARTING)
        (late,) = storage.store_events([make_entry(FAILURE)], epoch=dead.epoch)
        (start, end) = storage.store_events([make_entry(START), make_entry(SUCCESS)], epoch=alive.epoch)
        assert (late.late, start.late, end.late) == (True, False, False)
        record = _record(storage)
        assert (record.run.status, record.owner, record.lease_expires) == (RunStatus.SUCCESS, None, None)

    def test_a_repeated_write_changes_nothing(self, storage: Storage) -> None:
        """Entries that are stored already are not stored, applied or judged again.

        Look at the order: drop what is stored already, then judge and apply the rest.
        """
        storage.run_storage.add_run(make_run("run"))
        start, end = make_entry(START), make_entry(SUCCESS)
        first = [*storage.store_events([start]), *storage.store_events([end])]
        run = _record(storage)
        again = storage.store_events([start, end, start])
        assert list(again) == [first[0], first[1], first[0]]
        assert (_record(storage), _log(storage)) == (run, [start, end])

    def test_a_batch_may_repeat_a_run_event(self, storage: Storage) -> None:
        """A run event that stands twice in a batch counts once and is not late.

        Look at repeats within the batch: dropped before they are judged.
        """
        storage.run_storage.add_run(make_run("run"))
        start = make_entry(START)
        records = storage.store_events([start, start])
        assert [record.late for record in records] == [False, False]
        assert _log(storage) == [start]

    def test_the_reason_of_a_failure_becomes_a_tag(self, storage: Storage) -> None:
        """A failure's reason becomes a tag in the same step.

        Look at whether the run is moved by the same code as `handle_run_event`.
        """
        storage.run_storage.add_run(make_run("run"))
        data = RunFailureData(RunFailureReason.STEP_FAILURE)
        storage.store_events([make_entry(make_event(FAILURE, data))])
        assert _record(storage).run.tags == {tag_names.FAILURE_REASON: "STEP_FAILURE"}

    @pytest.mark.parametrize("end", [SUCCESS, FAILURE, EventType.RUN_CANCELED])
    def test_the_end_of_a_run_frees_its_slots(self, storage: Storage, end: EventType) -> None:
        """A run that ends gives back its slots and leaves every queue; who waits is served.

        Look at the events that end a run: each frees the slots in its transaction.
        """
        slots = storage.event_log_storage
        slots.set_concurrency_slots("key", 1)
        for run_id in ("run", "other"):
            storage.run_storage.add_run(make_run(run_id))
            slots.claim_concurrency_slot("key", run_id, "step")
        storage.store_events([make_entry(START)])
        assert slots.check_concurrency_claim("key", "run", "step").is_claimed
        storage.store_events([make_entry(end)])
        assert slots.check_concurrency_claim("key", "other", "step").is_claimed
        assert slots.get_concurrency_run_ids() == {"other"}

    def test_a_late_end_frees_nothing(self, storage: Storage) -> None:
        """The end that an old epoch reports leaves the slots of the run alone.

        Look at whether lateness is judged before slots are freed.
        """
        slots = storage.event_log_storage
        storage.run_storage.add_run(make_run("run", status=RunStatus.STARTED))
        slots.set_concurrency_slots("key", 1)
        slots.claim_concurrency_slot("key", "run", "step")
        storage.store_events([make_entry(FAILURE)], epoch=_record(storage).epoch + 1)
        assert slots.check_concurrency_claim("key", "run", "step").is_claimed

    def test_all_or_none(self, storage: Storage) -> None:
        """A batch with an entry that cannot be stored leaves runs, log, assets and slots as they were.

        Look at the transaction: one for the entries, runs, assets and slots of a batch.
        """
        slots = storage.event_log_storage
        storage.run_storage.add_run(make_run("run", status=RunStatus.STARTED))
        slots.set_concurrency_slots("key", 1)
        slots.claim_concurrency_slot("key", "run", "step")
        before = _record(storage)
        data = RunFailureData(RunFailureReason.STEP_FAILURE)
        bad = make_materialization(metadata={"bad": MetadataValue.json(object())})
        with pytest.raises((TypeError, ValueError)):
            storage.store_events([make_materialization(), make_entry(make_event(FAILURE, data)), bad])
        assert (_record(storage), _log(storage)) == (before, [])
        assert list(storage.event_log_storage.all_asset_keys()) == []
        assert slots.check_concurrency_claim("key", "run", "step").is_claimed

    def test_a_deleted_run_leaves_nothing(self, storage: Storage) -> None:
        """`delete_run` removes the run, its tags, its log and its slots, and nothing of other runs.

        Look at `delete_run`: it deletes in all parts, in one transaction.
        """
        slots = storage.event_log_storage
        slots.set_concurrency_slots("key", 1)
        kept = make_materialization(run_id="other")
        for run_id in ("run", "other"):
            storage.run_storage.add_run(make_run(run_id, tags={run_id: "x"}))
            slots.claim_concurrency_slot("key", run_id, "step")
        storage.store_events([kept, make_materialization(), make_entry(START)])
        storage.delete_run("run")
        storage.delete_run("unknown")
        assert list(storage.run_storage.get_run_ids()) == ["other"]
        assert list(storage.run_storage.get_run_tags()) == [("other", {"x"})]
        assert (_log(storage), _log(storage, "other")) == ([], [kept])
        assert slots.get_concurrency_run_ids() == {"other"}
        latest = storage.event_log_storage.get_latest_materialization_events([AssetKey("asset")])
        assert latest == {AssetKey("asset"): kept}

    def test_one_of_several_starts_counts(self, storage: Storage) -> None:
        """Of 8 threads that start a run at once one event counts; the others are kept as late.

        Look at the lock of the run's row: it is taken before the status is read.
        """
        storage.run_storage.add_run(make_run("run"))
        late = in_threads(lambda _number: storage.store_events([make_entry(START)])[0].late)
        assert sorted(late) == [False] + [True] * 7
        assert len(_log(storage)) == 8

    def test_the_log_and_the_run_agree(self, storage: Storage) -> None:
        """However threads interleave, the events that counted lead step by step to the run's status.

        Look at the order of commits of one run: ids are given under the lock of its row.
        """
        orders = list(permutations([START, SUCCESS, FAILURE, EventType.RUN_CANCELING]))
        run_ids = [f"{number}" for number in range(len(orders))]
        for run_id in run_ids:
            storage.run_storage.add_run(make_run(run_id))

        def report(number: int) -> None:
            for run_id, order in zip(run_ids, orders, strict=True):
                storage.store_events([make_entry(order[number], run_id)])

        in_threads(report, 4)
        for run_id in run_ids:
            told = _status_told_by_the_log(storage, run_id, RunStatus.NOT_STARTED)
            assert _status(storage, run_id) is told
            assert len(_log(storage, run_id)) == 4

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_one_of_several_processes_starts_a_run(self, storage: Storage) -> None:
        """Of 3 processes that start a run at once one event counts.

        Look at the lock of the database: one in the memory of a process keeps no other process out.
        """
        storage.run_storage.add_run(make_run("run"))
        assert sum(in_processes(worker.report_start, self.opener(storage), "run")) == 1
        assert len(_log(storage)) == 3

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_acknowledged_means_durable(self, storage: Storage) -> None:
        """What a process was told to be stored is there after it was killed; nothing is there by half.

        Look at when the call returns: after the commit, with nothing left in a buffer of the process.
        """
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=worker.report_runs, args=(self.opener(storage), sender))
        process.start()
        sender.close()
        acknowledged = {receiver.recv() for _ in range(30)}
        process.kill()
        process.join()
        for record in storage.run_storage.get_run_records():
            run_id = record.run.run_id
            assert record.run.status is _status_told_by_the_log(storage, run_id, RunStatus.NOT_STARTED)
            is_done = record.run.status is RunStatus.SUCCESS
            assert len(_log(storage, run_id)) in ({3} if is_done else {0, 1})
            acknowledged -= {run_id} if is_done else set()
        assert acknowledged == set()
        receiver.close()
        process.close()

    @needs(Ability.SURVIVES_REOPEN)
    def test_everything_survives(self, storage: Storage) -> None:
        """A run, its log and whether an event came late are there after the storage was opened again.

        Look at what is kept in memory only, and at a commit that is missing.
        """
        storage.run_storage.add_run(make_run("run"))
        records = storage.store_events([make_entry(START), make_entry(SUCCESS), make_entry(START)])
        before = _record(storage)
        open_again = self.opener(storage)
        storage.dispose()
        again = open_again()
        assert _record(again) == before
        assert list(again.event_log_storage.get_records_for_run("run").records) == list(records)
        assert [record.late for record in records] == [False, False, True]
        again.dispose()

    def test_disposing_twice_is_harmless(self, storage: Storage) -> None:
        """`dispose` can be repeated.

        Look at what `dispose` closes, and at parts that share it: closing again must do nothing.
        """
        storage.dispose()
        storage.dispose()
