"""Additions to the first tables.

How to add to it: the same in `runrack_sql.schema`, and here a line of `expand`, which runs on SQLite, PostgreSQL,
MySQL and MariaDB, on tables that hold data and are in use, and again when it was killed half way. So

- only additions: a table, a column that may be null or has a `server_default`, an index;
- only through `changes`, which leaves alone what is there; no `op`, no text of SQL;
- texts in keys have a length, all of a key together at most 768 characters (`column_type.name`);
- the newest columns last, as the databases have them;
- what rows of version 0001 should have in a new column: `changes.fill`, after all additions.
"""

from collections import defaultdict

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    String,
    and_,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from runrack.records import tags as tag_names
from runrack_sql.column_type import big_integer, long_text, name
from runrack_sql.run_row import turn
from runrack_sql.schema import (
    VERSION_TABLE,
    asset_partitions,
    asset_plans,
    assets,
    events,
    run_tags,
    runs,
)
from runrack_sql.schema_changes import SchemaChanges

revision = "0002"
down_revision = "0001"
oldest_code = "0002"
"""The oldest code that may work on these tables: older code would leave what it does not know of as it was."""


def expand(changes: SchemaChanges) -> None:
    """Add what version 0001 lacks."""
    changes.add_column(VERSION_TABLE, Column("oldest_code", String(32)))
    changes.add_column("runs", Column("turn", Integer, nullable=False, server_default="0"))
    changes.add_index("runs_by_turn", "runs", ["status", "turn", "id", "lease_expires_us"])
    changes.add_index(
        "runs_by_lease",
        "runs",
        ["lease_expires_us", "id"],
        sqlite_where=column("lease_expires_us").is_not(None),
        postgresql_where=column("lease_expires_us").is_not(None),
    )
    changes.add_index("ticks_by_status", "ticks", ["selector_id", "status", "timestamp", "id"])
    _add_tick_claims(changes)
    _add_asset_state(changes)
    changes.fill("turns", runs, fill_turns)


def _add_tick_claims(changes: SchemaChanges) -> None:
    changes.add_column("ticks", Column("claim_key", name(128)))
    changes.add_column("ticks", Column("owner", name()))
    changes.add_column("ticks", Column("lease_expires_us", big_integer()))
    changes.add_index("ticks_by_claim", "ticks", ["claim_key"], unique=True)
    changes.add_index("ticks_by_lease", "ticks", ["lease_expires_us", "id"])


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
    changes.fill("asset plans", assets, fill_asset_state)


def fill_turns(conn: Connection, after: int, upto: int) -> None:
    """Derive from the tags of runs, for those with these ids, when it is their turn."""
    carried = select(run_tags.c.run_row, run_tags.c.value).where(
        run_tags.c.run_row > after, run_tags.c.run_row <= upto, run_tags.c.key == tag_names.PRIORITY
    )
    rows: defaultdict[int, list[int]] = defaultdict(list)
    for row, priority in conn.execute(carried):
        rows[turn({tag_names.PRIORITY: priority})].append(row)
    for found, portion in rows.items():
        conn.execute(update(runs).where(runs.c.id.in_(portion)).values(turn=found))


def fill_asset_state(conn: Connection, after: int, upto: int) -> None:
    """Derive from the log, for the assets with these ids, which runs planned what, and which plans still wait."""
    chosen = and_(assets.c.id > after, assets.c.id <= upto)
    planner = select(events.c.run_id).where(events.c.id == assets.c.last_planned_id).scalar_subquery()
    conn.execute(update(assets).where(chosen).values(last_planned_run_id=planner))
    reporter = select(events.c.run_id).where(events.c.id == asset_partitions.c.storage_id).scalar_subquery()
    digests = select(assets.c.digest).where(chosen)
    of_chosen = asset_partitions.c.asset_digest.in_(digests)
    conn.execute(update(asset_partitions).where(of_chosen).values(run_id=reporter))
    planned, written, end = asset_partitions.alias(), asset_partitions.alias(), events.alias()
    is_written = exists().where(
        written.c.asset_digest == events.c.asset_digest,
        written.c.event_type == "ASSET_MATERIALIZATION",
        written.c.partition_digest == events.c.partition_digest,
        written.c.storage_id > events.c.id,
    )
    has_ended = and_(end.c.run_id == events.c.run_id, end.c.late.is_(False))
    is_canceled = exists().where(has_ended, end.c.event_type == "RUN_CANCELED")
    place = (planned.c.asset_digest, planned.c.partition_digest)
    waiting = (
        select(*place, events.c.run_id, planned.c.partition, func.max(events.c.id), literal(value=False))
        .select_from(assets)
        .join(planned, planned.c.asset_digest == assets.c.digest)
        .join(events, and_(events.c.asset_digest == place[0], events.c.partition_digest == place[1]))
        .where(
            chosen,
            planned.c.event_type == "ASSET_MATERIALIZATION_PLANNED",
            events.c.event_type == "ASSET_MATERIALIZATION_PLANNED",
            events.c.id > func.coalesce(assets.c.wipe_storage_id, 0),
            ~is_written,
            ~is_canceled,
        )
        .group_by(*place, events.c.run_id, planned.c.partition)
    )
    columns = ["asset_digest", "partition_digest", "run_id", "partition", "storage_id", "is_decided"]
    # A migration that is killed after this fill and before the version is written fills once more.
    conn.execute(delete(asset_plans).where(asset_plans.c.asset_digest.in_(digests)))
    conn.execute(insert(asset_plans).from_select(columns, waiting))
    is_decided = exists().where(
        end.c.run_id == asset_plans.c.run_id,
        end.c.event_type.in_(["RUN_SUCCESS", "RUN_FAILURE"]),
        end.c.late.is_(False),
    )
    conn.execute(update(asset_plans).where(is_decided).values(is_decided=True))
