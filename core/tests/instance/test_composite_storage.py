"""Three separate storages behind one face: the same behaviour, and a repair for what no transaction covers."""

from typing import ClassVar

from runrack.instance.composite_storage import CompositeStorage
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_entry, make_event, make_run
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability
from runrack_memory import MemoryEventLogStorage, MemoryRunStorage, MemoryScheduleStorage


def make_composite():
    return CompositeStorage(MemoryRunStorage(), MemoryEventLogStorage(), MemoryScheduleStorage())


class TestCompositeStorage(StorageConformance):
    """What a storage promises, as far as no process is killed between two of the three."""

    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.KEEPS_NUL_IN_NAMES})

    def make_storage(self, tmp_path):
        return make_composite()


def stored_but_not_applied(storage, run, *types):
    """What a process leaves that is killed between the event log and the run storage."""
    storage.event_log_storage.store_events(
        [
            make_entry(run_id=run.run_id, event=make_event(kind), timestamp=float(at))
            for at, kind in enumerate(types)
        ]
    )


def test_repair_applies_what_the_log_says():
    """A run whose log is ahead of its status catches up, with the times of the events."""
    storage = make_composite()
    run = storage.run_storage.add_run(make_run())
    stored_but_not_applied(storage, run, EventType.RUN_START, EventType.RUN_SUCCESS)
    assert storage.run_storage.get_run_by_id(run.run_id).status is RunStatus.NOT_STARTED
    storage.repair_unfinished_runs()
    record = storage.run_storage.get_run_record_by_id(run.run_id)
    assert (record.run.status, record.start_time, record.end_time) == (RunStatus.SUCCESS, 0.0, 1.0)


def test_repair_changes_nothing_where_nothing_is_missing():
    """Events that were applied before are not applied again."""
    storage = make_composite()
    run = storage.run_storage.add_run(make_run())
    storage.store_events([make_entry(run_id=run.run_id, event=make_event(EventType.RUN_START))])
    before = storage.run_storage.get_run_record_by_id(run.run_id)
    storage.repair_unfinished_runs()
    assert storage.run_storage.get_run_record_by_id(run.run_id) == before


def test_instance_repairs_when_it_opens_separate_storages(tmp_path):
    """The next process that opens the instance finds the run finished."""
    overrides = {
        "run_storage": {"sqlite": {"base_dir": str(tmp_path)}},
        "event_log_storage": {"consolidated_sqlite": {"base_dir": str(tmp_path)}},
    }
    with Instance.local_temp(tmp_path, overrides) as instance:
        run = instance.create_run(job_name="job")
        stored_but_not_applied(instance.storage, run, EventType.RUN_START, EventType.RUN_FAILURE)
    with Instance.local_temp(tmp_path, overrides) as instance:
        assert instance.get_run_by_id(run.run_id).status is RunStatus.FAILURE
