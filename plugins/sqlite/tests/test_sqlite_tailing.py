"""Readers beside writers of one SQLite file."""

from functools import partial

from runrack.testing.tailing import TailingReport, tail_while_writing
from runrack_sqlite import SqliteStorage


def test_readers_by_cursor_see_each_event_once(tmp_path):
    """Three ways to tail, while four processes write: every event, once, in order."""
    report = tail_while_writing([partial(SqliteStorage, tmp_path)], 2000, writers=4)
    assert report == TailingReport(events=2000, seen=6000, missed=0, doubled=0, disordered=0)
