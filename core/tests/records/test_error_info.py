"""Exceptions as data, and snapshots by their content."""

import sys

import pytest

from runrack.records.error_info import (
    MAX_CAUSES,
    current_error_info,
    error_info_from_exception,
    serializable_error_info_from_exc_info,
)
from runrack.records.snapshot import JobSnapshot, snapshot_id
from runrack.testing.builders import make_job_snapshot


def caught(depth=1, chain="from"):
    """An exception with `depth` causes."""
    try:
        _fail(depth, chain)
    except ValueError as error:
        return error


def _fail(depth, chain):
    if depth == 0:
        raise ValueError("level 0")
    try:
        _fail(depth - 1, chain)
    except ValueError as error:
        if chain == "from":
            raise ValueError(f"level {depth}") from error
        if chain == "none":
            raise ValueError(f"level {depth}") from None
        raise ValueError(f"level {depth}")  # noqa: B904 # the implicit chain is what is tested


def test_an_exception_is_told_in_full():
    """Message, class, frames and cause are kept, and the text shows all of them."""
    info = error_info_from_exception(caught())
    assert (info.message, info.cls_name, info.cause.message) == (
        "ValueError: level 1\n",
        "ValueError",
        "ValueError: level 0\n",
    )
    assert "_fail" in info.stack[-1]
    text = info.to_string()
    assert text.index("level 1") < text.index("caused by") < text.index("level 0")


@pytest.mark.parametrize(("chain", "has_cause"), [("from", True), ("context", True), ("none", False)])
def test_causes_follow_python(chain, has_cause):
    """A cause is what the exception was raised from or happened in, unless it was suppressed."""
    assert (error_info_from_exception(caught(chain=chain)).cause is not None) == has_cause


def test_a_chain_is_cut():
    """At most 20 causes are kept."""
    info, length = error_info_from_exception(caught(depth=40)), 0
    while info.cause is not None:
        info, length = info.cause, length + 1
    assert length == MAX_CAUSES


def test_the_ways_to_an_error_agree():
    """The exception being handled, `sys.exc_info()` and the exception itself give the same record."""
    try:
        {}["a"]
    except KeyError as error:
        infos = [
            current_error_info(),
            serializable_error_info_from_exc_info(sys.exc_info()),
            error_info_from_exception(error),
        ]
    assert infos[0] == infos[1] == infos[2]


def test_there_is_no_error_without_an_exception():
    """`current_error_info` outside of an `except` block is a mistake."""
    with pytest.raises(RuntimeError, match="no exception"):
        current_error_info()


def test_a_snapshot_is_addressed_by_its_content():
    """Equal snapshots have equal ids, whatever the order of their dicts; others differ."""
    first = JobSnapshot("job", tags={"a": "1", "b": "2"})
    assert snapshot_id(first) == snapshot_id(JobSnapshot("job", tags={"b": "2", "a": "1"}))
    assert snapshot_id(first) != snapshot_id(make_job_snapshot())
