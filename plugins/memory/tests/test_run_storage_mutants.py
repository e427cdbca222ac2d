"""The suite of run storages rejects storages that are wrong in one point each."""

import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from typing_extensions import override

from runrack.errors import RunAlreadyExistsError, RunNotFoundError
from runrack.records import tags as tag_names
from runrack.records.event_type import STATUS_AFTER, EventType
from runrack.records.run_status import RunStatus
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.wrong_implementations import find_accepted, storage_suites
from runrack_memory import MemoryRunStorage


class IgnoresCursor(MemoryRunStorage):
    @override
    def _after_cursor(self, records, cursor, ascending):
        return records


class IncludesCursor(MemoryRunStorage):
    @override
    def _after_cursor(self, records, cursor, ascending):
        records = list(records)
        at = [record for record in records if record.run.run_id == cursor]
        return [*at, *super()._after_cursor(records, cursor, ascending)]


class UnknownCursorStartsOver(MemoryRunStorage):
    @override
    def _after_cursor(self, records, cursor, ascending):
        return super()._after_cursor(records, cursor if cursor in self._records else None, ascending)


class GivesOneTooMany(MemoryRunStorage):
    @override
    def get_run_records(self, filters=None, limit=None, *args, **kwargs):
        return super().get_run_records(filters, limit + 1 if limit else limit, *args, **kwargs)


class TakesZeroForNoLimit(MemoryRunStorage):
    @override
    def get_run_records(self, filters=None, limit=None, *args, **kwargs):
        return super().get_run_records(filters, limit or None, *args, **kwargs)


class LimitsBeforeItFilters(MemoryRunStorage):
    @override
    def get_run_records(self, filters=None, limit=None, *args, **kwargs):
        first = super().get_run_records(None, limit, *args, **kwargs)
        chosen = {record.run.run_id for record in self._select(filters)}
        return [record for record in first if record.run.run_id in chosen]


class OrdersByTime(MemoryRunStorage):
    @override
    def get_run_records(self, filters=None, limit=None, order_by=None, *args, **kwargs):
        return super().get_run_records(filters, limit, order_by or "create_timestamp", *args, **kwargs)


class AcceptsAnyOrder(MemoryRunStorage):
    @override
    def get_run_records(self, filters=None, limit=None, order_by=None, *args, **kwargs):
        known = order_by if order_by in {"id", "run_id"} else None
        return super().get_run_records(filters, limit, known, *args, **kwargs)


class JoinsTagsByOr(MemoryRunStorage):
    @override
    def _select(self, filters):
        if filters is None or len(filters.tags) < 2:
            return super()._select(filters)
        single = [msgspec.structs.replace(filters, tags={k: v}) for k, v in filters.tags.items()]
        found = {
            record.run.run_id: record
            for each in single
            for record in super(JoinsTagsByOr, self)._select(each)
        }
        return found.values()


class CountsARunOncePerTag(MemoryRunStorage):
    @override
    def get_runs_count(self, filters=None):
        joined = max(1, len(filters.tags)) if filters else 1
        return super().get_runs_count(filters) * joined


class IgnoresCase(MemoryRunStorage):
    @override
    def _select(self, filters):
        if filters is None or filters.job_name is None:
            return super()._select(filters)
        rest = super()._select(msgspec.structs.replace(filters, job_name=None))
        return [record for record in rest if record.run.job_name.lower() == filters.job_name.lower()]


class DropsTheTimeZone(MemoryRunStorage):
    @override
    def add_run(self, run, *, create_time=None):
        local = create_time and create_time.replace(tzinfo=UTC)
        return super().add_run(run, create_time=local)


class KeepsSecondsOnly(MemoryRunStorage):
    @override
    def add_run(self, run, *, create_time=None):
        return super().add_run(run, create_time=(create_time or datetime.now(UTC)).replace(microsecond=0))


class ReplacesARun(MemoryRunStorage):
    @override
    def add_run(self, run, *, create_time=None):
        self._records.pop(run.run_id, None)
        return super().add_run(run, create_time=create_time)


class KeepsAReferenceToARun(MemoryRunStorage):
    @override
    def add_run(self, run, *, create_time=None):
        super().add_run(run, create_time=create_time)
        record = self._records[run.run_id]
        self._records[run.run_id] = msgspec.structs.replace(record, run=run)
        return run


class AddsWithoutItsSnapshot(MemoryRunStorage):
    @override
    def add_run(self, run, *, create_time=None):
        try:
            return super().add_run(run, create_time=create_time)
        except RunAlreadyExistsError:
            raise
        except Exception:  # noqa: BLE001 # that is what is wrong with it
            return super().add_run(msgspec.structs.replace(run, job_snapshot_id=None))


class LetsALateStartReopen(MemoryRunStorage):
    @override
    def _may_become(self, record, status, epoch):
        return status is RunStatus.STARTED or super()._may_become(record, status, epoch)


class AllowsEveryTransition(MemoryRunStorage):
    @override
    def _may_become(self, record, status, epoch):
        return not record.run.is_finished


class IgnoresTheEpoch(MemoryRunStorage):
    @override
    def _may_become(self, record, status, epoch):
        return super()._may_become(record, status, None)


class ForgetsTheEnd(MemoryRunStorage):
    @override
    def handle_run_event(self, run_id, event, **kwargs):
        moved = super().handle_run_event(run_id, event, **kwargs)
        if moved and event.event_type is EventType.RUN_CANCELED:
            self._records[run_id] = msgspec.structs.replace(self._records[run_id], end_time=None)
        return moved


class TagsAnUnknownReason(MemoryRunStorage):
    @override
    def handle_run_event(self, run_id, event, **kwargs):
        moved = super().handle_run_event(run_id, event, **kwargs)
        if moved and event.event_type is EventType.RUN_FAILURE:
            self._records[run_id].run.tags.setdefault(tag_names.FAILURE_REASON, "UNKNOWN")
        return moved


class MeetsAllThreads(MemoryRunStorage):
    """Lets 8 threads come to the same point before one goes on: what they read is the same, every time."""

    def __init__(self):
        super().__init__()
        self.barrier = threading.Barrier(8, timeout=30)


class ChecksBeforeItLocks(MeetsAllThreads):
    @override
    def handle_run_event(self, run_id, event, **kwargs):
        status = STATUS_AFTER.get(event.event_type)
        record = self._records.get(run_id)
        may = status is not None and record is not None and self._may_become(record, status, None)
        self.barrier.wait()
        super().handle_run_event(run_id, event, **kwargs)
        return may


class ForgetsOtherTags(MemoryRunStorage):
    @override
    def add_run_tags(self, run_id, new_tags):
        super().add_run_tags(run_id, new_tags)
        record = self._records[run_id]
        self._records[run_id] = msgspec.structs.replace(record, run=record.run.with_tags(new_tags))


class LosesConcurrentTags(MeetsAllThreads):
    @override
    def add_run_tags(self, run_id, new_tags):
        record = self._records.get(run_id)
        if record is None:
            raise RunNotFoundError(run_id)
        self.barrier.wait()
        run = record.run.with_tags({**record.run.tags, **new_tags})
        self._records[run_id] = msgspec.structs.replace(record, run=run)


class TagsUnknownRunsSilently(MemoryRunStorage):
    @override
    def add_run_tags(self, run_id, new_tags):
        if run_id in self._records:
            super().add_run_tags(run_id, new_tags)


class KeepsTagsOfDeletedRuns(MemoryRunStorage):
    @override
    def delete_run(self, run_id):
        if run_id in self._records:
            self._orphans = self._records[run_id].run.tags
        super().delete_run(run_id)

    @override
    def _tag_pairs(self):
        return [*super()._tag_pairs(), *getattr(self, "_orphans", {}).items()]


class ListsTagsUnordered(MemoryRunStorage):
    @override
    def get_run_tags(self, *args, **kwargs):
        return super().get_run_tags(*args, **kwargs)[::-1]


class TakesAPrefixForAPattern(MemoryRunStorage):
    @override
    def get_run_tags(self, tag_keys=None, value_prefix=None, limit=None):
        pattern = re.escape(value_prefix or "").replace("%", ".*").replace("_", ".")
        found = [
            (key, {value for value in values if re.match(pattern, value)})
            for key, values in super().get_run_tags(tag_keys, None, limit)
        ]
        return [(key, values) for key, values in found if values]


class TakesNoKeysForAllKeys(MemoryRunStorage):
    @override
    def get_run_tags(self, tag_keys=None, *args, **kwargs):
        return super().get_run_tags(tag_keys or None, *args, **kwargs)


class LosesNewBookmarks(MemoryRunStorage):
    @override
    def set_cursor_values(self, values):
        known = {key: value for key, value in values.items() if key in self._cursors}
        super().set_cursor_values(known or values)


class WipesBookmarks(MemoryRunStorage):
    @override
    def wipe(self):
        super().wipe()
        self._cursors.clear()


class KeepsTheNewestHeartbeat(MemoryRunStorage):
    @override
    def add_daemon_heartbeat(self, daemon_heartbeat):
        known = self._heartbeats.get(daemon_heartbeat.daemon_type, daemon_heartbeat)
        if daemon_heartbeat.timestamp >= known.timestamp:
            super().add_daemon_heartbeat(daemon_heartbeat)


class GivesRandomSnapshotIds(MemoryRunStorage):
    @override
    def add_snapshot(self, snapshot):
        return super().add_snapshot(snapshot) + str(threading.get_ident())


class FindsEverySnapshot(MemoryRunStorage):
    @override
    def has_snapshot(self, snapshot_id):
        return True


class ReusesStorageIds(MemoryRunStorage):
    @override
    def delete_run(self, run_id):
        super().delete_run(run_id)
        self._last_storage_id = max((each.storage_id for each in self._records.values()), default=0)


MUTANTS = {
    IgnoresCursor: "test_a_cursor_is_exclusive",
    IncludesCursor: "test_a_cursor_is_exclusive",
    UnknownCursorStartsOver: "test_an_unknown_cursor_gives_nothing",
    GivesOneTooMany: "test_a_limit_is_exact",
    TakesZeroForNoLimit: "test_a_limit_is_exact",
    LimitsBeforeItFilters: "test_a_run_storage_behaves_as_its_model",
    OrdersByTime: "test_insertion_decides_not_time",
    AcceptsAnyOrder: "test_an_unknown_order_is_refused",
    JoinsTagsByOr: "test_tags_must_all_match",
    CountsARunOncePerTag: "test_a_count_counts_the_selected",
    IgnoresCase: "test_a_job_name_selects_exactly",
    DropsTheTimeZone: "test_creation_time_of_another_zone_is_converted",
    KeepsSecondsOnly: "test_bounds_tell_microseconds_apart",
    ReplacesARun: "test_an_id_is_added_once",
    KeepsAReferenceToARun: "test_a_stored_run_is_out_of_reach",
    AddsWithoutItsSnapshot: "test_a_run_needs_its_snapshot",
    LetsALateStartReopen: "test_terminal_is_terminal",
    AllowsEveryTransition: "test_a_run_follows_its_state_machine",
    IgnoresTheEpoch: "test_only_the_current_epoch_counts",
    ForgetsTheEnd: "test_start_and_end_are_recorded",
    TagsAnUnknownReason: "test_the_reason_of_a_failure_becomes_a_tag",
    ChecksBeforeItLocks: "test_one_thread_wins_a_transition",
    ForgetsOtherTags: "test_tags_are_set_beside_the_others",
    LosesConcurrentTags: "test_threads_set_tags_at_once",
    TagsUnknownRunsSilently: "test_tags_of_an_unknown_run_are_refused",
    KeepsTagsOfDeletedRuns: "test_a_deleted_run_is_gone",
    ListsTagsUnordered: "test_tags_are_listed_by_key",
    TakesAPrefixForAPattern: "test_a_value_prefix_is_no_pattern",
    TakesNoKeysForAllKeys: "test_only_the_tags_asked_for_are_listed",
    LosesNewBookmarks: "test_old_and_new_bookmarks_go_together",
    WipesBookmarks: "test_a_wipe_keeps_bookmarks_only",
    KeepsTheNewestHeartbeat: "test_the_last_heartbeat_wins",
    GivesRandomSnapshotIds: "test_a_snapshot_is_found_by_its_content",
    FindsEverySnapshot: "test_a_missing_snapshot_is_none",
    ReusesStorageIds: "test_storage_ids_are_not_given_twice",
}
"""A storage that is wrong in one point, and the test that is there to find it."""

globals().update(storage_suites(RunStorageConformance, MUTANTS))


def test_every_wrong_run_storage_is_rejected(tmp_path):
    """Each storage that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__), tmp_path) == []
