"""What the index of tags tells: which keys there are, and which values, without reading every run that carries them."""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, func, select

from runrack_sql.column_type import HEAD_LENGTH
from runrack_sql.schema import run_tags
from runrack_sql.text_key import head, starts_with

_PORTION = 500
"""How many rows are read at once. Of a value that more runs carry than that, the others are passed over."""

_tag = run_tags.c


def iter_tag_keys(conn: Connection) -> Iterator[str]:
    """Yield the keys that runs carry, sorted: one step in the index for each, however many runs carry it."""
    key = conn.execute(select(func.min(_tag.key))).scalar()
    while key is not None:
        yield key
        key = conn.execute(select(func.min(_tag.key)).where(_tag.key > key)).scalar()


def iter_tags(
    conn: Connection, keys: Collection[str] | None = None, value_prefix: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the pairs of key and value that runs carry, each once, sorted; only `keys` when given."""
    for key in iter_tag_keys(conn) if keys is None else sorted(set(keys)):
        for value in _iter_values(conn, key, value_prefix):
            yield key, value


def _iter_values(conn: Connection, key: str, prefix: str) -> Iterator[str]:
    of_key = select(_tag.value_head).where(_tag.key == key).order_by(_tag.value_head).limit(_PORTION)
    if prefix:
        of_key = of_key.where(starts_with(_tag.value_head, _tag.value_head, head(prefix)))
    heads = conn.execute(of_key).scalars().all()
    while heads:
        for value_head in dict.fromkeys(heads):
            values = _values_of(conn, key, value_head)
            yield from (value for value in values if value.startswith(prefix))
        heads = conn.execute(of_key.where(_tag.value_head > heads[-1])).scalars().all()


def _values_of(conn: Connection, key: str, value_head: str) -> Collection[str]:
    """Return the values that begin with a head, sorted; a shorter one is all there is of the value."""
    if len(value_head) < HEAD_LENGTH:
        return [value_head]
    values = select(_tag.value).where(_tag.key == key, _tag.value_head == value_head)
    return conn.execute(values.distinct().order_by(_tag.value)).scalars().all()
