"""Moves all that one storage keeps to another one, and proves that it has arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from runrack.errors import ConflictError, InvalidArgumentError
from runrack.interfaces.progress_report import Report, silent
from runrack.interfaces.storage_copy import Row, SupportsCopy
from runrack.records.record import Record

BATCH_ROWS = 1000

_DIGEST_BYTES = 16


class TableDigest(Record, frozen=True):
    """What two equal tables have in common, whatever the order of their rows.

    Attributes:
        rows: How many rows there are.
        digest: The sum of the digests of the rows.
    """

    rows: int
    digest: str


def copy_storage(
    source: SupportsCopy, target: SupportsCopy, report: Report = silent
) -> Mapping[str, TableDigest]:
    """Copy everything from `source` to `target`, which is empty or holds an unfinished copy of the same source.

    Ids stay the same, so that cursors stay valid. Nobody may write to the source meanwhile; a copy that was killed goes
    on when it is called again.

    Args:
        source: What is copied; it stays as it is.
        target: Where to.
        report: Hears how far it is, table by table.

    Returns:
        Table to the digest that it has on both sides.

    Raises:
        InvalidArgumentError: The two keep their rows in tables of different layouts.
        ConflictError: The target is in use, or what has arrived is not what the source holds.
    """
    if source.copy_layout != target.copy_layout:
        raise InvalidArgumentError(
            f"rows of {source.copy_layout} cannot move to {target.copy_layout}: migrate both to one version first"
        )
    place = target.begin_import(source.copy_source)
    tables = source.list_tables()
    for table in tables if place is None else tables[tables.index(place[0]) :]:
        _copy_table(source, target, table, place[1] if place and place[0] == table else None, report)
    digests = {table: _compare(source, target, table, report) for table in tables}
    target.end_import(source.get_last_ids())
    return digests


def _copy_table(
    source: SupportsCopy, target: SupportsCopy, table: str, after: Row | None, report: Report
) -> None:
    total = source.count_rows(table)
    done = 0 if after is None else target.count_rows(table)
    for rows in _batches(source, table, after):
        target.import_rows(table, rows)
        done += len(rows)
        report(f"copying {table}", done, max(done, total))


def _compare(source: SupportsCopy, target: SupportsCopy, table: str, report: Report) -> TableDigest:
    sent = _digest(source, table)
    report(f"comparing {table}", 1, 2)
    arrived = _digest(target, table)
    report(f"comparing {table}", 2, 2)
    if sent != arrived:
        raise ConflictError(
            f"the rows of {table} are not the same on both sides; most likely the source was changed while it was"
            " copied: stop what writes to it, empty the target and copy again"
        )
    return sent


def _digest(storage: SupportsCopy, table: str) -> TableDigest:
    count = total = 0
    for rows in _batches(storage, table, None):
        count += len(rows)
        for row in rows:
            encoded = msgspec.json.encode([*row.values()])
            total += int.from_bytes(hashlib.blake2b(encoded, digest_size=_DIGEST_BYTES).digest())
    return TableDigest(count, f"{total % 2 ** (8 * _DIGEST_BYTES):032x}")


def _batches(storage: SupportsCopy, table: str, after: Row | None) -> Iterator[list[Row]]:
    while rows := list(storage.export_rows(table, after, BATCH_ROWS)):
        yield rows
        after = rows[-1]
