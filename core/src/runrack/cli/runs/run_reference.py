"""Which run a person means: its id, the beginning of its id, or `last`."""

from __future__ import annotations

from collections.abc import Iterator

from runrack.cli.output.display import escape_line
from runrack.errors import InvalidArgumentError, NotFoundError, RunNotFoundError
from runrack.instance.instance import Instance
from runrack.records.run import RunRecord

LAST = "last"
MIN_PREFIX = 4
MAX_SEARCHED = 10_000
"""A prefix is looked up among this many of the newest runs."""

_PAGE = 1000
_MAX_CANDIDATES = 5


def find_run(instance: Instance, reference: str) -> RunRecord:
    """Return the run that `reference` means.

    Raises:
        RunNotFoundError: No run has this id, or an id that begins like this.
        NotFoundError: `last` was asked for, and no run is stored.
        InvalidArgumentError: Several ids begin like this, or it is too short to tell.
    """
    if reference == LAST:
        return _newest(instance)
    record = instance.get_run_record_by_id(reference)
    return record if record is not None else _by_prefix(instance, reference)


def _newest(instance: Instance) -> RunRecord:
    records = instance.get_run_records(limit=1)
    if not records:
        raise NotFoundError("no run is stored yet: `runrack run FILE` makes the first one")
    return records[0]


def _by_prefix(instance: Instance, prefix: str) -> RunRecord:
    if len(prefix) < MIN_PREFIX:
        raise InvalidArgumentError(
            f"{escape_line(prefix)!r} is too short for the beginning of a run id: give at least {MIN_PREFIX} characters"
        )
    found = [run_id for run_id in _iter_newest_ids(instance) if run_id.startswith(prefix)]
    record = instance.get_run_record_by_id(found[0]) if found else None
    if record is None:
        raise RunNotFoundError(prefix)
    if len(found) > 1:
        shown = "".join(f"\n  {run_id}" for run_id in found[:_MAX_CANDIDATES])
        more = f"\n  and {len(found) - _MAX_CANDIDATES} more" if len(found) > _MAX_CANDIDATES else ""
        raise InvalidArgumentError(
            f"{len(found)} run ids begin with {prefix!r}; give more of it:{shown}{more}"
        )
    return record


def _iter_newest_ids(instance: Instance) -> Iterator[str]:
    cursor: str | None = None
    for _ in range(MAX_SEARCHED // _PAGE):
        page = instance.get_run_ids(cursor=cursor, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        cursor = page[-1]
