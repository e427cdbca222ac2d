"""Every call that writes, killed at every point."""

from typing import ClassVar

import pytest

from runrack.testing.crash_sweep import WRITES, Write, sweep
from runrack_sql.storage import SqlStorage
from runrack_sql.testing.in_database import SqlSuite


class CrashPointTests(SqlSuite):
    """What holds for a database whose writers die at any moment.

    Attributes:
        every: How far apart the points are, for a sample of them.
    """

    every: ClassVar[int] = 1

    @pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)
    def test_a_killed_call_is_carried_out_as_a_whole_or_not_at_all(
        self, storage: SqlStorage, write: Write
    ) -> None:
        """Whatever call of the driver the process dies before or after, no state is in between; and each call has points."""
        found = sweep(storage, write, self.every)
        assert found.torn == []
        assert found.points > 4
