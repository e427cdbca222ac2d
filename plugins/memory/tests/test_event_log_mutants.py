"""The suite of event log storages rejects storages that are wrong in one point each."""

import re
import threading
import time
from pathlib import Path

import msgspec
from typing_extensions import override

from runrack.interfaces.event_log import NO_RECORD
from runrack.records.asset_key import AssetKey
from runrack.records.cursor import EventLogCursor
from runrack.records.event_type import EventType
from runrack.records.page import PaginatedResults
from runrack.records.run_status import RunStatus
from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.wrong_implementations import find_accepted, storage_suites
from runrack_memory import MemoryEventLogStorage

BEGINNING = EventLogCursor.from_storage_id(NO_RECORD).to_string()


class StoresDuplicates(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        self._journal._id_of_event.pop(entry.event_id, None)
        return super()._store(entry, late=late)


class GivesTheEntryBack(MemoryEventLogStorage):
    @override
    def store_events(self, entries, *, late_event_ids=()):
        records = super().store_events(entries, late_event_ids=late_event_ids)
        return [msgspec.structs.replace(r, event_log_entry=e) for r, e in zip(records, entries, strict=True)]


class StoresOneByOne(MemoryEventLogStorage):
    @override
    def store_events(self, entries, *, late_event_ids=()):
        return [
            super(StoresOneByOne, self).store_events([e], late_event_ids=late_event_ids)[0] for e in entries
        ]


class ForgetsWhatIsLate(MemoryEventLogStorage):
    @override
    def store_events(self, entries, *, late_event_ids=()):
        return super().store_events(entries)


class CutsAtNul(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        message = entry.user_message.partition("\0")[0]
        return super()._store(msgspec.structs.replace(entry, user_message=message), late=late)


class RoundsTimes(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        return super()._store(msgspec.structs.replace(entry, timestamp=round(entry.timestamp, 3)), late=late)


class OrdersByTime(MemoryEventLogStorage):
    @override
    def query_events(self, query):
        unlimited = super().query_events(msgspec.structs.replace(query, limit=None, offset=0))
        ordered = sorted(unlimited, key=lambda record: record.timestamp, reverse=not query.ascending)
        return ordered[query.offset :][: query.limit]


class IncludesTheCursor(MemoryEventLogStorage):
    @override
    def query_events(self, query):
        after = None if query.after_id is None else query.after_id - 1
        return super().query_events(msgspec.structs.replace(query, after_id=after))


class LimitsBeforeItSkips(MemoryEventLogStorage):
    @override
    def query_events(self, query):
        if query.limit is None:
            return super().query_events(query)
        return super().query_events(msgspec.structs.replace(query, limit=max(query.limit - query.offset, 0)))


class TakesZeroForNoLimit(MemoryEventLogStorage):
    @override
    def query_events(self, query):
        return super().query_events(msgspec.structs.replace(query, limit=query.limit or None))


class TakesZeroForNoTime(MemoryEventLogStorage):
    @override
    def query_events(self, query):
        before = query.before_timestamp or None
        return super().query_events(msgspec.structs.replace(query, before_timestamp=before))


class IgnoresJobNames(MemoryEventLogStorage):
    @override
    def query_events(self, query):
        return super().query_events(msgspec.structs.replace(query, job_names=None))


class IgnoresPartitions(MemoryEventLogStorage):
    @override
    def query_events(self, query):
        return super().query_events(msgspec.structs.replace(query, partitions=None))


class MixesTypesAndMessages(MemoryEventLogStorage):
    @override
    def query_events(self, query):
        found = super().query_events(query)
        return [record for record in found if query.event_types or record.event_log_entry.is_event]


class HasMoreWhenFull(MemoryEventLogStorage):
    @override
    def _page(self, query, place):
        records, cursor, _ = super()._page(query, place)
        return records, cursor, len(records) == query.limit


class LosesTheCursorOfAnEmptyPage(MemoryEventLogStorage):
    @override
    def _page(self, query, place):
        records, cursor, has_more = super()._page(query, place)
        return records, cursor if records else BEGINNING, has_more


class ConfusesRunsByCase(MemoryEventLogStorage):
    @override
    def query_events(self, query):
        if query.run_id is None:
            return super().query_events(query)
        found = super().query_events(msgspec.structs.replace(query, run_id=None, limit=None))
        return [record for record in found if record.run_id.lower() == query.run_id.lower()][: query.limit]


class ReusesStorageIds(MemoryEventLogStorage):
    @override
    def delete_events(self, run_id):
        super().delete_events(run_id)
        self._journal._last_id = max(self._journal._ids, default=0)


class RemembersDeletedEvents(MemoryEventLogStorage):
    @override
    def delete_events(self, run_id):
        known = dict(self._journal._id_of_event)
        records = dict(self._journal._records)
        super().delete_events(run_id)
        self._gone = {event_id: records[storage_id] for event_id, storage_id in known.items()}

    @override
    def _store(self, entry, *, late):
        return getattr(self, "_gone", {}).get(entry.event_id) or super()._store(entry, late=late)


class CountsLateTimes(MemoryEventLogStorage):
    @override
    def get_stats_for_run(self, run_id):
        stats = super().get_stats_for_run(run_id)
        starts = self.get_records_for_run(run_id, of_type=EventType.RUN_START).records
        return msgspec.structs.replace(stats, start_time=starts[-1].timestamp) if starts else stats


class TakesTheNewestTimeForTheLatest(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        record = super()._store(entry, late=late)
        if entry.event_type is EventType.ASSET_MATERIALIZATION:
            asset = self._assets[record.asset_key]
            newest = max(
                self.get_event_records_of(record.asset_key),
                key=lambda materialization: materialization.timestamp,
            )
            asset._entry = msgspec.structs.replace(asset._entry, last_materialization_record=newest)
        return record

    def get_event_records_of(self, asset_key):
        return list(self.fetch_materializations(asset_key, 1000).records)


class LetsAnObservationSetTheRun(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        record = super()._store(entry, late=late)
        if record.asset_key in self._assets:
            asset = self._assets[record.asset_key]
            asset._entry = msgspec.structs.replace(asset._entry, last_run_id=record.run_id)
        return record


class ListsCheckedAssets(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        record = super()._store(entry, late=late)
        if entry.event_type is EventType.ASSET_CHECK_EVALUATION:
            self._asset(record.asset_key).is_listed = True
        return record


class NeverFallsBack(MemoryEventLogStorage):
    @override
    def delete_events(self, run_id):
        before = {key: asset._entry for key, asset in self._assets.items()}
        super().delete_events(run_id)
        for key, entry in before.items():
            self._assets[key]._entry = entry


class FallsBackToWhatWasWiped(MemoryEventLogStorage):
    @override
    def delete_events(self, run_id):
        for asset in self._assets.values():
            asset.hidden_up_to = 0
        super().delete_events(run_id)


class DropsAssetsWithoutEvents(MemoryEventLogStorage):
    @override
    def delete_events(self, run_id):
        super().delete_events(run_id)
        for asset in self._assets.values():
            asset.is_listed = asset.to_record().asset_entry.last_materialization is not None


class WipesTheRowOnly(MemoryEventLogStorage):
    @override
    def wipe_asset(self, asset_key):
        super().wipe_asset(asset_key)
        if asset_key in self._assets:
            self._assets[asset_key].hidden_up_to = 0


class WipesByTime(MemoryEventLogStorage):
    @override
    def wipe_asset(self, asset_key):
        asset = self._assets.get(asset_key)
        latest = self.get_latest_materialization_events([asset_key]).get(asset_key)
        if asset is not None and (latest is None or latest.timestamp <= time.time()):
            super().wipe_asset(asset_key)


class ForgetsToWipePartitions(MemoryEventLogStorage):
    @override
    def wipe_asset(self, asset_key):
        asset = self._assets.get(asset_key)
        newest = {} if asset is None else dict(asset._newest)
        super().wipe_asset(asset_key)
        if asset is not None:
            asset._newest.update(newest)


class RevivesWithBackDatedEvents(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        record = super()._store(entry, late=late)
        if record.asset_key in self._assets:
            self._assets[record.asset_key].is_listed = True
        return record


class OrdersKeysByCollation(MemoryEventLogStorage):
    @override
    def _listed(self, asset_keys):
        return sorted(super()._listed(asset_keys), key=lambda key: key.to_string().lower())


class TakesAPrefixForAPattern(MemoryEventLogStorage):
    @override
    def get_asset_keys(self, prefix=None, limit=None, cursor=None):
        pattern = re.escape("/".join(prefix or ())).replace("%", ".*").replace("_", ".")
        found = super().get_asset_keys(None, None, cursor)
        return [key for key in found if re.match(pattern, key.to_user_string())][:limit]


class LooksUpTheKeyCursor(MemoryEventLogStorage):
    @override
    def get_asset_keys(self, prefix=None, limit=None, cursor=None):
        if cursor is not None and AssetKey.from_string(cursor) not in self._assets:
            return []
        return super().get_asset_keys(prefix, limit, cursor)


class GivesRecordsTwice(MemoryEventLogStorage):
    @override
    def get_asset_records(self, asset_keys=None):
        if asset_keys is None:
            return super().get_asset_records()
        return [
            record for key in asset_keys for record in super(GivesRecordsTwice, self).get_asset_records([key])
        ]


class GivesAnOlderEvent(MemoryEventLogStorage):
    @override
    def get_latest_storage_id_by_partition(self, asset_key, event_type, partitions=None, after_cursor=None):
        page = self.fetch_materializations(asset_key, 1000)
        first = {r.partition_key: r.storage_id for r in page.records if r.partition_key is not None}
        return {name: i for name, i in first.items() if after_cursor is None or i > after_cursor}


class KeepsFulfilledPlans(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        plans = {
            key: {p: dict(by_run) for p, by_run in a.plans._plans.items()} for key, a in self._assets.items()
        }
        record = super()._store(entry, late=late)
        if entry.event_type is EventType.ASSET_MATERIALIZATION and record.asset_key in plans:
            self._assets[record.asset_key].plans._plans.update(plans[record.asset_key])
        return record


class FulfilsPlansByObserving(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        record = super()._store(entry, late=late)
        if entry.event_type is EventType.ASSET_OBSERVATION:
            self._assets[record.asset_key].plans.drop_partition(record.partition_key)
        return record


class KeepsTheNewestPlanOnly(MemoryEventLogStorage):
    @override
    def get_pending_plans(self, asset_key, partitions=None):
        return list(
            {plan.partition: plan for plan in super().get_pending_plans(asset_key, partitions)}.values()
        )


class KeepsThePlansOfCanceledRuns(MemoryEventLogStorage):
    @override
    def _end_plans(self, record):
        if record.event_type is not EventType.RUN_CANCELED:
            super()._end_plans(record)


class LetsLateEndsCount(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        record = super()._store(entry, late=late)
        self._end_plans(record)
        return record


class KeepsThePlansOfDeletedRuns(MemoryEventLogStorage):
    @override
    def delete_events(self, run_id):
        plans = {
            key: {p: dict(by_run) for p, by_run in a.plans._plans.items()} for key, a in self._assets.items()
        }
        super().delete_events(run_id)
        for key, by_partition in plans.items():
            self._assets[key].plans._plans.update(by_partition)


class KeepsThePlansOfAllEndedRuns(MemoryEventLogStorage):
    @override
    def _end_plans(self, record):
        if record.event_type is EventType.RUN_CANCELED:
            super()._end_plans(record)


class ForgetsUnfinishedRuns(MemoryEventLogStorage):
    @override
    def _end_plans(self, record):
        for asset in self._assets.values():
            asset.plans._decided.update(
                plan for plans in asset.plans._plans.values() for plan in plans.values()
            )
        super()._end_plans(record)


class ForgetsWhoPlanned(MemoryEventLogStorage):
    @override
    def get_latest_planned_materialization_info(self, asset_key, partition=None):
        newest = super().get_latest_planned_materialization_info(asset_key, partition)
        return None if newest is None else msgspec.structs.replace(newest, run_id="run")


class AttemptsOnceWritten(MemoryEventLogStorage):
    @override
    def get_latest_asset_partition_materialization_attempts_without_materializations(
        self, asset_key, after_storage_id=None
    ):
        planned = self.get_latest_event_by_partition(asset_key, EventType.ASSET_MATERIALIZATION_PLANNED)
        written = self.get_materialized_partitions(asset_key)
        return {name: plan for name, plan in planned.items() if name not in written}


class WipesPartitionsOfTheRowOnly(MemoryEventLogStorage):
    @override
    def wipe_asset_partitions(self, asset_key, partition_keys):
        super().wipe_asset_partitions(asset_key, partition_keys)
        if asset_key in self._assets:
            self._assets[asset_key]._hidden_partitions.clear()


class WipesThePartitionsOfAllAssets(MemoryEventLogStorage):
    @override
    def wipe_asset_partitions(self, asset_key, partition_keys):
        for key in self._assets:
            super().wipe_asset_partitions(key, partition_keys)


class KeepsTheLatestOfAWipedPartition(MemoryEventLogStorage):
    @override
    def wipe_asset_partitions(self, asset_key, partition_keys):
        asset = self._assets.get(asset_key)
        if asset is not None:
            asset.hide_partitions(partition_keys, self._journal.last_id)


class WipesPartitionsForGood(MemoryEventLogStorage):
    @override
    def wipe_asset_partitions(self, asset_key, partition_keys):
        super().wipe_asset_partitions(asset_key, partition_keys)
        if asset_key in self._assets:
            self._assets[asset_key]._hidden_partitions.update(dict.fromkeys(partition_keys, 2**62))


class WipesOneCharacterPartitions(MemoryEventLogStorage):
    @override
    def wipe_asset_partitions(self, asset_key, partition_keys):
        super().wipe_asset_partitions(asset_key, list(partition_keys))


class SkipsByThePositionOfTheLastPage(MemoryEventLogStorage):
    @override
    def get_paginated_dynamic_partitions(self, partitions_def_name, limit, ascending=True, cursor=None):
        start = 0 if cursor is None else int(cursor)
        keys = self.get_dynamic_partitions(partitions_def_name, ascending=ascending)
        return PaginatedResults(keys[start : start + limit], f"{start + limit}", len(keys) > start + limit)


class TellsMoreWhenThePageIsFull(MemoryEventLogStorage):
    @override
    def get_paginated_dynamic_partitions(self, partitions_def_name, limit, ascending=True, cursor=None):
        page = super().get_paginated_dynamic_partitions(partitions_def_name, limit, ascending, cursor)
        return msgspec.structs.replace(page, has_more=len(page.results) == limit)


class FindsEveryPartition(MemoryEventLogStorage):
    @override
    def get_existing_dynamic_partitions(self, partitions_def_name, partition_keys):
        return set(partition_keys)


class IdentifiesByCount(MemoryEventLogStorage):
    @override
    def get_dynamic_partitions_definition_id(self, partitions_def_name):
        return str(len(self.get_dynamic_partitions(partitions_def_name)))


class GivesAllTags(MemoryEventLogStorage):
    @override
    def get_event_tags_for_asset(self, asset_key, filter_tags=None, filter_event_id=None):
        return super().get_event_tags_for_asset(asset_key, None, filter_event_id)


class TakesAnObservationForTheData(MemoryEventLogStorage):
    @override
    def get_latest_data_version_record(
        self, asset_key, is_source=None, partition_key=None, before_cursor=None, after_cursor=None
    ):
        return super().get_latest_data_version_record(
            asset_key, is_source is not False, partition_key, before_cursor, after_cursor
        )


class ForgetsCheckPartitions(MemoryEventLogStorage):
    @override
    def get_asset_check_evaluations(self, asset_key, check_name, limit, before_id=None):
        found = super().get_asset_check_evaluations(asset_key, check_name, limit + 1, before_id)
        return found[1:]


class SortsDynamicPartitions(MemoryEventLogStorage):
    @override
    def get_dynamic_partitions(self, partitions_def_name, limit=None, ascending=True, after_key=None):
        keys = super().get_dynamic_partitions(partitions_def_name)
        return sorted(keys, reverse=not ascending)[:limit]


class AcceptsABareString(MemoryEventLogStorage):
    @override
    def add_dynamic_partitions(self, partitions_def_name, partition_keys):
        super().add_dynamic_partitions(partitions_def_name, list(partition_keys))


class PutsARemovedKeyBack(MemoryEventLogStorage):
    @override
    def delete_dynamic_partition(self, partitions_def_name, partition_key):
        if self.has_dynamic_partition(partitions_def_name, partition_key):
            self._removed = {*getattr(self, "_removed", set()), partition_key}

    @override
    def has_dynamic_partition(self, partitions_def_name, partition_key):
        return partition_key not in getattr(self, "_removed", ()) and super().has_dynamic_partition(
            partitions_def_name, partition_key
        )

    @override
    def add_dynamic_partitions(self, partitions_def_name, partition_keys):
        super().add_dynamic_partitions(partitions_def_name, partition_keys)
        self._removed = getattr(self, "_removed", set()) - set(partition_keys)

    @override
    def get_dynamic_partitions(self, *args, **kwargs):
        removed = getattr(self, "_removed", ())
        return [key for key in super().get_dynamic_partitions(*args, **kwargs) if key not in removed]


class MixesDefinitions(MemoryEventLogStorage):
    @override
    def add_dynamic_partitions(self, partitions_def_name, partition_keys):
        super().add_dynamic_partitions(partitions_def_name.lower(), partition_keys)


class WipesNoSlots(MemoryEventLogStorage):
    @override
    def clear_concurrency_slots(self):
        pass


class IgnoresPriority(MemoryEventLogStorage):
    @override
    def claim_concurrency_slot(self, concurrency_key, run_id, step_key, priority=0):
        return super().claim_concurrency_slot(concurrency_key, run_id, step_key)


class CountsAStepTwice(MemoryEventLogStorage):
    @override
    def claim_concurrency_slot(self, concurrency_key, run_id, step_key, priority=0):
        if self.check_concurrency_claim(concurrency_key, run_id, step_key).is_claimed:
            super().claim_concurrency_slot(concurrency_key, run_id, f"{step_key}'", priority)
        return super().claim_concurrency_slot(concurrency_key, run_id, step_key, priority)


class ConfusesRunsOfAStep(MemoryEventLogStorage):
    @override
    def claim_concurrency_slot(self, concurrency_key, run_id, step_key, priority=0):
        return super().claim_concurrency_slot(concurrency_key, "run", step_key, priority)


class ServesNobody(MemoryEventLogStorage):
    @override
    def _free(self, leaves):
        for pool in self._pools.values():
            pool.remove(leaves)


class TakesSlotsAway(MemoryEventLogStorage):
    @override
    def set_concurrency_slots(self, concurrency_key, slot_count):
        super().set_concurrency_slots(concurrency_key, slot_count)
        del self._pools[concurrency_key].claimed[slot_count:]


class ClaimsWhenItChecks(MemoryEventLogStorage):
    @override
    def check_concurrency_claim(self, concurrency_key, run_id, step_key):
        self._pools[concurrency_key].pending or self._pools[concurrency_key].serve()
        return self.claim_concurrency_slot_once(concurrency_key, run_id, step_key)

    def claim_concurrency_slot_once(self, concurrency_key, run_id, step_key):
        status = super().check_concurrency_claim(concurrency_key, run_id, step_key)
        pool = self._pools[concurrency_key]
        if not status.is_claimed and not pool.members():
            return super().claim_concurrency_slot(concurrency_key, run_id, step_key)
        return status


class ClaimsWithoutALock(MemoryEventLogStorage):
    def __init__(self):
        super().__init__()
        self.barrier = threading.Barrier(8, timeout=30)

    @override
    def claim_concurrency_slot(self, concurrency_key, run_id, step_key, priority=0):
        info = self.get_concurrency_info(concurrency_key)
        is_free = len(info.claimed) < info.slot_count
        self.barrier.wait()  # 8 threads find the same slot free
        status = super().claim_concurrency_slot(concurrency_key, run_id, step_key, priority)
        return msgspec.structs.replace(status, slot_status="CLAIMED") if is_free else status


class AltersCallbacks(MemoryEventLogStorage):
    """Watches with callbacks of its own, which `altered` makes."""

    @override
    def watch(self, run_id, cursor, callback):
        self.altered_ones = {**getattr(self, "altered_ones", {}), callback: self.altered(callback)}
        super().watch(run_id, cursor, self.altered_ones[callback])

    @override
    def end_watch(self, run_id, callback):
        super().end_watch(run_id, getattr(self, "altered_ones", {}).get(callback, callback))


class DeliversTwice(AltersCallbacks):
    def altered(self, callback):
        return lambda entry, cursor: callback(entry, cursor) or callback(entry, cursor)


class GivesTheCursorBefore(AltersCallbacks):
    def altered(self, callback):
        cursors = [BEGINNING]
        return lambda entry, cursor: cursors.append(cursor) or callback(entry, cursors[-2])


class EndsWatchesThatFail(AltersCallbacks):
    def altered(self, callback):
        def call(entry, cursor):
            try:
                return callback(entry, cursor)
            except Exception:  # noqa: BLE001
                return RunStatus.FAILURE

        return call


class EndsOnlyByEndWatch(AltersCallbacks):
    def altered(self, callback):
        return lambda entry, cursor: callback(entry, cursor) and None


class TakesAnyStatusForAnEnd(AltersCallbacks):
    def altered(self, callback):
        return lambda entry, cursor: callback(entry, cursor) and RunStatus.SUCCESS


class WatchesWhatIsNewOnly(MemoryEventLogStorage):
    @override
    def watch(self, run_id, cursor, callback):
        newest = EventLogCursor.from_storage_id(self.get_maximum_record_id() or NO_RECORD)
        super().watch(run_id, cursor or newest.to_string(), callback)


class WatchesFromTheBeginning(MemoryEventLogStorage):
    @override
    def watch(self, run_id, cursor, callback):
        super().watch(run_id, None, callback)


class NeverEndsAWatch(MemoryEventLogStorage):
    @override
    def end_watch(self, run_id, callback):
        pass


class EndsAllWatchesOfARun(MemoryEventLogStorage):
    @override
    def watch(self, run_id, cursor, callback):
        self.callbacks = [*getattr(self, "callbacks", ()), callback]
        super().watch(run_id, cursor, callback)

    @override
    def end_watch(self, run_id, callback):
        for each in getattr(self, "callbacks", ()):
            super().end_watch(run_id, each)


class EndsAWatchInTheBackground(MemoryEventLogStorage):
    @override
    def end_watch(self, run_id, callback):
        threading.Thread(target=super().end_watch, args=(run_id, callback)).start()


MUTANTS = {
    StoresDuplicates: "test_an_event_is_stored_once",
    GivesTheEntryBack: "test_the_stored_entry_counts",
    StoresOneByOne: "test_a_batch_is_stored_whole_or_not_at_all",
    ForgetsWhatIsLate: "test_late_events_are_kept_as_late",
    CutsAtNul: "test_any_character_is_kept",
    RoundsTimes: "test_exact_times_are_kept",
    OrdersByTime: "test_storage_decides_not_time",
    IncludesTheCursor: "test_pages_give_a_thousand_events_once",
    LimitsBeforeItSkips: "test_an_offset_goes_before_the_limit",
    TakesZeroForNoLimit: "test_an_event_log_behaves_as_its_model",
    TakesZeroForNoTime: "test_event_records_can_be_bounded",
    IgnoresJobNames: "test_status_changes_can_be_filtered",
    IgnoresPartitions: "test_an_event_log_behaves_as_its_model",
    MixesTypesAndMessages: "test_types_select",
    HasMoreWhenFull: "test_has_more_is_exact",
    LosesTheCursorOfAnEmptyPage: "test_a_page_of_nothing_gives_its_cursor_back",
    ConfusesRunsByCase: "test_runs_have_logs_of_their_own",
    ReusesStorageIds: "test_storage_ids_are_not_given_twice",
    RemembersDeletedEvents: "test_a_deleted_event_can_be_stored_again",
    CountsLateTimes: "test_a_late_event_sets_no_time",
    TakesTheNewestTimeForTheLatest: "test_the_last_written_is_the_latest",
    LetsAnObservationSetTheRun: "test_a_row_holds_the_latest_of_each_kind",
    ListsCheckedAssets: "test_each_kind_of_event_lists_an_asset",
    NeverFallsBack: "test_deleting_a_run_gives_way_to_the_one_before",
    FallsBackToWhatWasWiped: "test_deleting_a_run_never_undoes_a_wipe",
    DropsAssetsWithoutEvents: "test_an_asset_outlives_its_runs",
    WipesTheRowOnly: "test_a_wipe_hides_all_that_was_stored",
    WipesByTime: "test_a_wipe_hides_events_from_the_future",
    ForgetsToWipePartitions: "test_a_wipe_hides_all_that_was_stored",
    RevivesWithBackDatedEvents: "test_a_back_dated_event_does_not",
    OrdersKeysByCollation: "test_keys_are_ordered_by_their_text",
    TakesAPrefixForAPattern: "test_a_prefix_is_whole_components",
    LooksUpTheKeyCursor: "test_a_cursor_needs_not_exist",
    GivesRecordsTwice: "test_records_are_those_asked_for",
    GivesAnOlderEvent: "test_the_newest_event_of_each_partition",
    KeepsFulfilledPlans: "test_plans_wait_until_they_are_fulfilled",
    FulfilsPlansByObserving: "test_plans_wait_until_they_are_fulfilled",
    KeepsTheNewestPlanOnly: "test_plans_wait_until_they_are_fulfilled",
    KeepsThePlansOfCanceledRuns: "test_the_plans_of_a_canceled_run_go",
    LetsLateEndsCount: "test_the_plans_of_a_canceled_run_go",
    KeepsThePlansOfDeletedRuns: "test_the_plans_of_a_deleted_run_go",
    KeepsThePlansOfAllEndedRuns: "test_of_ended_runs_the_newest_plan_stays",
    ForgetsUnfinishedRuns: "test_of_ended_runs_the_newest_plan_stays",
    ForgetsWhoPlanned: "test_the_newest_plan_is_known_with_its_run",
    AttemptsOnceWritten: "test_attempts_without_materialization",
    WipesPartitionsOfTheRowOnly: "test_a_partition_wipe_hides_what_was_stored",
    WipesThePartitionsOfAllAssets: "test_a_partition_wipe_hides_what_was_stored",
    KeepsTheLatestOfAWipedPartition: "test_the_latest_state_gives_way",
    WipesPartitionsForGood: "test_a_wiped_partition_can_be_written_again",
    WipesOneCharacterPartitions: "test_wiped_partitions_are_a_list_of_strings",
    SkipsByThePositionOfTheLastPage: "test_pages_of_keys_outlive_the_key_they_ended_with",
    TellsMoreWhenThePageIsFull: "test_pages_of_keys_outlive_the_key_they_ended_with",
    FindsEveryPartition: "test_existing_keys_are_picked_out",
    IdentifiesByCount: "test_the_id_of_a_definition_follows_its_keys",
    GivesAllTags: "test_indexed_tags_are_told_for_each_event",
    TakesAnObservationForTheData: "test_the_latest_data_version_record",
    ForgetsCheckPartitions: "test_evaluations_of_a_check",
    SortsDynamicPartitions: "test_keys_come_in_the_order_in_which_they_were_added",
    AcceptsABareString: "test_keys_are_a_list_of_strings",
    PutsARemovedKeyBack: "test_a_removed_key_comes_back_at_the_end",
    MixesDefinitions: "test_definitions_are_apart",
    WipesNoSlots: "test_a_wipe_removes_everything",
    IgnoresPriority: "test_priority_goes_before_waiting",
    CountsAStepTwice: "test_a_step_counts_once",
    ConfusesRunsOfAStep: "test_a_step_is_one_of_a_run",
    ServesNobody: "test_a_freed_slot_goes_to_who_waited_longest",
    TakesSlotsAway: "test_a_shrinking_limit_takes_nothing_away",
    ClaimsWhenItChecks: "test_a_check_claims_nothing",
    DeliversTwice: "test_a_watch_gets_what_is_stored_already_and_what_comes",
    GivesTheCursorBefore: "test_a_watch_gets_the_cursor_of_each_entry",
    EndsWatchesThatFail: "test_a_failing_callback_ends_nothing",
    EndsOnlyByEndWatch: "test_the_status_of_a_finished_run_ends_a_watch",
    TakesAnyStatusForAnEnd: "test_the_status_of_a_finished_run_ends_a_watch",
    WatchesWhatIsNewOnly: "test_a_watch_gets_what_is_stored_already_and_what_comes",
    WatchesFromTheBeginning: "test_a_watch_takes_the_cursor_of_a_page",
    NeverEndsAWatch: "test_an_ended_watch_gets_nothing",
    EndsAllWatchesOfARun: "test_an_ended_watch_gets_nothing",
    EndsAWatchInTheBackground: "test_end_watch_waits_for_a_running_callback",
    ClaimsWithoutALock: "test_threads_never_hold_more_than_there_are",
}
"""A storage that is wrong in one point, and the test that is there to find it."""

globals().update(storage_suites(EventLogStorageConformance, MUTANTS))


def test_every_wrong_event_log_is_rejected(tmp_path):
    """Each storage that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__), tmp_path) == []
