"""Additions to the first tables.

How to add to it: the same in `runrack_sql.schema`, and here a line of `expand`, which runs on SQLite, PostgreSQL,
MySQL and MariaDB, on tables that hold data and are in use, and again when it was killed half way. So

- only additions: a table, a column that may be null or has a `server_default`, an index;
- only through `changes`, which leaves alone what is there; no `op`, no text of SQL;
- texts in keys have a length, all of a key together at most 768 characters (`column_type.name`);
- the newest columns last, as the databases have them;
- what rows of version 0001 should have in a new column: `changes.fill`, after all additions.
"""

from sqlalchemy import Boolean, Column, Integer, String, column

from runrack_sql.column_type import big_integer, long_text, name
from runrack_sql.schema import VERSION_TABLE
from runrack_sql.schema_changes import SchemaChanges

revision = "0002"
down_revision = "0001"
oldest_code = "0002"
"""The oldest code that may work on these tables: older code would leave what it does not know of as it was."""


def expand(changes: SchemaChanges) -> None:
    """Add what version 0001 lacks."""
    changes.add_column(VERSION_TABLE, Column("oldest_code", String(32)))
    changes.add_index("ticks_by_status", "ticks", ["status", "timestamp", "id"])
    changes.add_column("runs", Column("turn", Integer, nullable=False, server_default="0"))
    changes.add_index("runs_by_turn", "runs", ["status", "turn", "id"])
    changes.add_index(
        "runs_by_lease",
        "runs",
        ["lease_expires_us", "id"],
        sqlite_where=column("lease_expires_us").is_not(None),
        postgresql_where=column("lease_expires_us").is_not(None),
    )
    _add_asset_state(changes)


def _add_asset_state(changes: SchemaChanges) -> None:
    changes.add_column("assets", Column("last_planned_run_id", name()))
    changes.add_column("asset_partitions", Column("run_id", name()))
    changes.add_table(
        "asset_plans",
        Column("asset_digest", name(40), primary_key=True),
        Column("partition_digest", name(40), primary_key=True),
        Column("run_id", name(), primary_key=True),
        Column("partition", long_text(), nullable=False),
        Column("storage_id", big_integer(), nullable=False),
        Column("is_decided", Boolean, nullable=False),
    )
    changes.add_index("asset_plans_by_run", "asset_plans", ["run_id"])
    changes.add_table(
        "asset_partition_wipes",
        Column("asset_digest", name(40), primary_key=True),
        Column("partition_digest", name(40), primary_key=True),
        Column("storage_id", big_integer(), nullable=False),
    )
