"""What every storage on `runrack_sql` has to do, beside what the suites of `runrack.testing` ask: for tests of SQL plugins.

A plugin says in its `conformance.py` how its databases are reached (`InDatabase`, or `ServerSuite` for a server), and inherits the
suites that it wants, such as `races.ServerRaceTests`.
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"runrack_sql.testing.{suite}"
        for suite in ("claims", "configuration", "crash_points", "failures", "faults", "query_plans", "races")
    )
)
