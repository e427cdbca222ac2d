"""Whether what a database keeps beside its log agrees with the log; asked without runrack, in SQL that every database knows."""

from collections.abc import Callable, Iterable
from typing import Any

from runrack.records.event_type import STATUS_AFTER, EventType

Ask = Callable[[str], Iterable[tuple[Any, ...]]]
"""Returns the rows of a query."""

_STATUS_AND_LAST_EVENT = f"""
    SELECT runs.status, (
        SELECT event_type FROM events
        WHERE events.run_id = runs.run_id AND NOT late
        AND event_type IN ({", ".join(repr(kind.value) for kind in STATUS_AFTER)})
        ORDER BY id DESC LIMIT 1)
    FROM runs
"""  # noqa: S608 - the names are constants

_TORN_ASSETS = """
    SELECT count(*) FROM assets WHERE coalesce(last_materialization_id, -1) <> coalesce((
        SELECT max(id) FROM events
        WHERE asset_digest = assets.digest AND event_type = 'ASSET_MATERIALIZATION'), -1)
"""
_UNLISTED_ASSETS = """
    SELECT count(*) FROM events
    WHERE asset_digest IS NOT NULL AND asset_digest NOT IN (SELECT digest FROM assets)
"""
_TORN_PARTITIONS = """
    SELECT count(*) FROM asset_partitions AS newest WHERE coalesce(storage_id, -1) <> coalesce((
        SELECT max(id) FROM events WHERE asset_digest = newest.asset_digest
        AND event_type = newest.event_type AND partition_digest = newest.partition_digest), -1)
"""
_SLOTS_OF_ENDED_RUNS = """
    SELECT count(*) FROM slot_claims JOIN runs ON runs.run_id = slot_claims.run_id
    WHERE runs.status IN ('SUCCESS', 'FAILURE', 'CANCELED')
"""
_COUNTS = (_TORN_ASSETS, _UNLISTED_ASSETS, _TORN_PARTITIONS, _SLOTS_OF_ENDED_RUNS)


def count_torn(ask: Ask) -> int:
    """Return how many runs, assets, partitions and slots do not agree with the log."""
    torn_runs: int = sum(
        status != (STATUS_AFTER[EventType(last)].value if last else "NOT_STARTED")
        for status, last in ask(_STATUS_AND_LAST_EVENT)
    )
    return torn_runs + sum(int(count) for query in _COUNTS for (count,) in ask(query))


def list_event_ids(ask: Ask) -> list[str]:
    """Return the ids of all events that are stored."""
    return [event_id for (event_id,) in ask("SELECT event_id FROM events")]
