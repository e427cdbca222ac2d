"""The policy that a configuration describes, and who carries it out."""

from datetime import UTC, datetime, timedelta

import pytest

from runrack.errors import InvalidArgumentError
from runrack.instance.retention import Retention
from runrack.instance.retention_settings import policy_from_settings
from runrack.interfaces.retention import EventKind
from runrack.records.tick import InstigatorType, TickStatus
from runrack.testing.builders import make_entry, make_schedule_state, make_sensor_state, make_tick
from runrack_memory import MemoryStorage
from runrack_sqlite import SqliteStorage

NOW = datetime(2026, 1, 31, tzinfo=UTC)
WEEK = timedelta(days=7)


def test_without_settings_only_the_least_is_removed():
    """Debug messages and skipped ticks of sensors are kept for a week, all else for good."""
    policy = policy_from_settings({})
    assert policy.events == {EventKind.DEBUG_MESSAGES: WEEK}
    assert policy.ticks == {
        InstigatorType.SCHEDULE: {},
        InstigatorType.SENSOR: {TickStatus.SKIPPED: WEEK},
    }


def test_a_number_of_days_holds_for_ticks_of_all_statuses():
    """A mapping changes only the statuses that it names."""
    policy = policy_from_settings(
        {"schedule": {"purge_after_days": 2}, "sensor": {"purge_after_days": {"skipped": -1, "failure": 3}}}
    )
    assert policy.ticks == {
        InstigatorType.SCHEDULE: dict.fromkeys(TickStatus, timedelta(days=2)),
        InstigatorType.SENSOR: {TickStatus.FAILURE: timedelta(days=3)},
    }


def test_days_below_minus_one_are_refused():
    """A mistyped number must not remove everything."""
    with pytest.raises(InvalidArgumentError, match="0 or more, or -1"):
        policy_from_settings({"events": {"debug_messages": -2}})


def test_ticks_are_removed_by_type_and_status():
    """Old skipped ticks of a sensor go; those of a schedule, and young ones, stay."""
    storage = MemoryStorage()
    schedule, sensor = make_schedule_state("schedule"), make_sensor_state("sensor")
    for state in (schedule, sensor):
        storage.schedule_storage.add_instigator_state(state)
        for age in (timedelta(days=8), timedelta(days=6)):
            storage.schedule_storage.create_tick(
                make_tick(state.origin.instigator_name, (NOW - age).timestamp(), TickStatus.SKIPPED)
            )
    list(Retention(storage, policy_from_settings({})).prune(NOW))
    left = [storage.schedule_storage.get_ticks([state.selector_id]) for state in (schedule, sensor)]
    assert [len(ticks) for ticks in left] == [2, 1]


def test_a_loop_removes_until_its_deadline(tmp_path):
    """A call removes one step at least, and tells what it removed."""
    storage = SqliteStorage(tmp_path)
    storage.store_events([make_entry("old", level=10, timestamp=1.0) for _ in range(700)])
    retention = Retention(storage, policy_from_settings({}))
    assert retention.run_once(NOW) == {EventKind.DEBUG_MESSAGES: 200}
    assert retention.run_once(datetime.now(UTC) + WEEK) == {EventKind.DEBUG_MESSAGES: 500}
    storage.dispose()
