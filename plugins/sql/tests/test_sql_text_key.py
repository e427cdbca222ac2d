"""Texts of any length as keys, and moments as numbers."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, Text, create_engine, select

from runrack_sql.column_type import HEAD_LENGTH
from runrack_sql.moment import from_microseconds, to_microseconds
from runrack_sql.text_key import digest, head, starts_with

texts = Table("texts", MetaData(), Column("head", Text), Column("text", Text))
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
LONG = "x" * HEAD_LENGTH


@pytest.fixture(scope="module")
def conn():
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        texts.metadata.create_all(conn)
        yield conn
    engine.dispose()


def found(conn, prefix, candidates):
    """Those of `candidates` that the database finds by their prefix."""
    conn.execute(texts.delete())
    conn.execute(texts.insert(), [{"head": head(text), "text": text} for text in candidates])
    query = select(texts.c.text).where(starts_with(texts.c.head, texts.c.text, prefix))
    return set(conn.execute(query).scalars())


@given(prefix=any_text, rests=st.lists(any_text, min_size=1), others=st.lists(any_text))
def test_a_prefix_in_sql_means_the_same_as_in_python(conn, prefix, rests, others):
    """Whatever the characters: nothing is a wildcard, nothing is folded."""
    candidates = {*others, *(prefix + rest for rest in rests)}
    assert found(conn, prefix, candidates) == {text for text in candidates if text.startswith(prefix)}


@pytest.mark.parametrize(
    ("prefix", "inside", "outside"),
    [
        ("a_", ["a_", "a_b"], ["ab", "A_"]),
        ("100%", ["100%", "100% sure"], ["100", "1000"]),
        ("\ud7ff", ["\ud7ff", "\ud7ffz"], ["\ue000", "\ud7fe"]),
        ("\U0010ffff", ["\U0010ffff", "\U0010ffffa"], ["\ue000"]),
        ("a\0", ["a\0", "a\0b"], ["a", "ab"]),
        (LONG + "y", [LONG + "y", LONG + "yz"], [LONG, LONG + "x", LONG + "z"]),
        (LONG, [LONG, LONG + "z"], ["x", LONG[:-1] + "y"]),
    ],
)
def test_awkward_prefixes(conn, prefix, inside, outside):
    """Wildcards, the gap of the surrogates, the last character, NUL, and prefixes longer than a head."""
    assert found(conn, prefix, [*inside, *outside]) == set(inside)


def test_a_digest_is_short_and_tells_texts_apart():
    """40 digits for any text; case and trailing blanks count."""
    digests = {digest(text) for text in ("a", "A", "a ", "é", "e\u0301", "", "x" * 10_000)}
    assert len(digests) == 7
    assert {len(each) for each in digests} == {40}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(2020, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 1_577_836_800_000_001),
        (datetime(2020, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 1_577_836_800_000_000),
        (datetime(2020, 1, 1), 1_577_836_800_000_000),  # noqa: DTZ001
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 253_402_300_799_999_999),
    ],
)
def test_moments_are_stored_exactly(moment, expected):
    """Microseconds since 1970; without a time zone, UTC."""
    assert to_microseconds(moment) == expected
    assert from_microseconds(expected) == (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
