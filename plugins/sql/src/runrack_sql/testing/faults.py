"""Resets in the middle of commits, and readers beside writers whose transactions overlap: nothing is lost or doubled."""

from functools import partial

import pytest

from runrack.testing.commit_faults import store_through_faults
from runrack.testing.fault_proxy import fault_proxy
from runrack.testing.tailing import TailingReport, tail_while_writing
from runrack_sql.testing.in_database import SqlSuite
from runrack_sql.testing.on_server import OnServer


class FaultTests(OnServer, SqlSuite):
    """What holds for a database on a server behind a network that does damage."""

    @pytest.mark.parametrize("faults", [35, pytest.param(700, marks=pytest.mark.soak)])
    def test_connections_that_are_reset_during_commits_lose_and_double_nothing(self, faults: int) -> None:
        """Commits whose request or reply is cut at any byte: all that was confirmed is there, once."""
        report = store_through_faults(self.place, self.storage_class, faults=faults)
        assert report.faults >= faults
        assert report.lost == []
        assert report.doubled == []

    def test_readers_by_cursor_see_each_event_once(self) -> None:
        """Three ways to tail, while some writers are far away and others near: every event, once, in order."""
        with fault_proxy(self.place) as (proxy, through):
            proxy.delay_seconds = 0.001
            openers = [partial(self.storage_class, self.place), partial(self.storage_class, through)]
            report = tail_while_writing(openers, 800, writers=4)
        assert report == TailingReport(events=800, seen=2400, missed=0, doubled=0, disordered=0)
