"""A sweep over all crash points of what a storage writes: each call is carried out as a whole, or not at all.

A test of a storage that several processes may share::

    from runrack.testing.crash_sweep import WRITES, sweep

    @pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)
    def test_a_killed_call_leaves_nothing_by_halves(storage, write):
        assert sweep(storage, write).torn == []
"""

from collections.abc import Callable
from dataclasses import dataclass

from runrack.interfaces.storage import Storage
from runrack.records.asset_key import AssetKey
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import EventType
from runrack.records.run import RunFailureReason
from runrack.testing.builders import make_entry, make_event, make_heartbeat, make_materialization, make_run
from runrack.testing.crash_points import is_killed_at

MOST_POINTS = 1000
"""A call that has more does not come to its end."""

Step = Callable[[Storage, str], object]


@dataclass(frozen=True)
class Write:
    """One call that changes something.

    Attributes:
        name: What it does.
        act: The call; given the storage and a name of its own for whatever it writes.
        prepare: What has to be there before.
    """

    name: str
    act: Step
    prepare: Step = lambda _storage, _name: None


@dataclass(frozen=True)
class SweepResult:
    """What was found.

    Attributes:
        points: How many crash points the call has.
        torn: What was neither as before the call nor as after it, with the point that led there.
    """

    points: int
    torn: list[tuple[int, object]]


def sweep(storage: Storage, write: Write, every: int = 1) -> SweepResult:
    """Carry out a call again and again, killed at each of its crash points, and look what every time came of it.

    Args:
        storage: Where.
        write: The call.
        every: How far apart the points are, for a sample of them.
    """
    before: object = None
    left: list[object] = []
    for point in range(1, MOST_POINTS, every):
        name = f"{write.name}-{point}".replace(" ", "-")
        write.prepare(storage, name)
        before = describe(storage, name) if point == 1 else before
        was_killed = is_killed_at(point, lambda name=name: write.act(storage, name))  # type: ignore[misc]  # no default for mypy
        after = describe(storage, name)
        if not was_killed:
            torn = [(at * every + 1, state) for at, state in enumerate(left) if state not in (before, after)]
            return SweepResult(point - 1, torn)
        left.append(after)
    raise AssertionError(f"{write.name} has no end")


def describe(storage: Storage, name: str) -> object:
    """Return all that the storage knows of one name, which does not stand in it."""
    run = storage.run_storage.get_run_by_id(name)
    log = storage.event_log_storage
    slots = log.get_concurrency_info(name)
    assets = log.get_asset_records([AssetKey(name)])
    heartbeats = storage.run_storage.get_daemon_heartbeats()
    return (
        None if run is None else (run.status, dict(run.tags)),
        [
            (entry.event and entry.event.event_type, entry.user_message)
            for entry in log.get_logs_for_run(name)
        ],
        [record.asset_entry.last_materialization is not None for record in assets],
        sorted(log.get_materialized_partitions(AssetKey(name))),
        (slots.slot_count, [holder.step_key for holder in slots.claimed]),
        [holder.step_key for holder in slots.pending],
        list(log.get_dynamic_partitions(name)),
        name in heartbeats,
        dict(storage.run_storage.get_cursor_values([name])).get(name),
    )


def _add_run(storage: Storage, name: str) -> None:
    storage.run_storage.add_run(make_run(name, tags={"key": "value", "other": "value"}))


def _add_started_run(storage: Storage, name: str) -> None:
    """A run that holds a slot for which another waits, with an asset."""
    _add_run(storage, name)
    log = storage.event_log_storage
    log.set_concurrency_slots(name, 1)
    log.claim_concurrency_slot(name, name, "step")
    log.claim_concurrency_slot(name, "another", "waiting")
    storage.store_events([make_entry(EventType.RUN_START, name), make_materialization(name, "old", name)])


def _start(storage: Storage, name: str) -> None:
    storage.store_events([make_entry(EventType.RUN_START, name), make_entry(EventType.STEP_START, name)])


def _materialize(storage: Storage, name: str) -> None:
    facts = [make_materialization(name, partition, name) for partition in ("new", "other")]
    storage.store_events([*facts, make_entry("a line of the log", name)])


def _succeed(storage: Storage, name: str) -> None:
    storage.store_events([make_materialization(name, "last", name), make_entry(EventType.RUN_SUCCESS, name)])


def _fail(storage: Storage, name: str) -> None:
    data = RunFailureData(RunFailureReason.STEP_FAILURE)
    storage.store_events([make_entry(make_event(EventType.RUN_FAILURE, data), name)])


WRITES = [
    Write("add a run", _add_run),
    Write("start a run", _start, _add_run),
    Write("materialize", _materialize, _add_started_run),
    Write("succeed", _succeed, _add_started_run),
    Write("fail", _fail, _add_started_run),
    Write("delete a run", lambda storage, name: storage.delete_run(name), _add_started_run),
    Write(
        "tag a run",
        lambda storage, name: storage.run_storage.add_run_tags(name, {"key": "new", "third": "value"}),
        _add_run,
    ),
    Write(
        "change the status",
        lambda storage, name: storage.run_storage.handle_run_event(
            name, make_event(EventType.RUN_FAILURE, RunFailureData(RunFailureReason.STEP_FAILURE))
        ),
        _add_run,
    ),
    Write(
        "delete a log", lambda storage, name: storage.event_log_storage.delete_events(name), _add_started_run
    ),
    Write(
        "wipe an asset",
        lambda storage, name: storage.event_log_storage.wipe_asset(AssetKey(name)),
        _add_started_run,
    ),
    Write(
        "claim a slot",
        lambda storage, name: storage.event_log_storage.claim_concurrency_slot(name, name, "more"),
        _add_started_run,
    ),
    Write(
        "free the slots",
        lambda storage, name: storage.event_log_storage.free_concurrency_slots_for_run(name),
        _add_started_run,
    ),
    Write(
        "change a limit",
        lambda storage, name: storage.event_log_storage.set_concurrency_slots(name, 2),
        _add_started_run,
    ),
    Write(
        "add partitions",
        lambda storage, name: storage.event_log_storage.add_dynamic_partitions(name, ["a", "b", "c"]),
    ),
    Write(
        "beat",
        lambda storage, name: storage.run_storage.add_daemon_heartbeat(make_heartbeat(name)),
    ),
    Write(
        "set a cursor",
        lambda storage, name: storage.run_storage.set_cursor_values({name: "value"}),
    ),
]
"""The calls that change something, each with more than one row where it can have them."""
