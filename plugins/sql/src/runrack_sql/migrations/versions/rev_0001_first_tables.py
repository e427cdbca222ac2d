"""The first tables."""

from alembic import op
from sqlalchemy import Boolean, Column, Double, Integer, UniqueConstraint, column

from runrack_sql.column_type import big_integer, long_text, name

revision = "0001"
down_revision = None

_NO_VALUE_FIRST = "NULLS FIRST"
"""In the order of queries, so that they can be answered from the index. PostgreSQL's own is the opposite."""


def upgrade() -> None:
    """Create everything."""
    _create_run_tables()
    _create_event_tables()
    _create_partition_and_slot_tables()
    _create_schedule_tables()


def _create_run_tables() -> None:
    op.create_table(
        "runs",
        Column("id", big_integer(), primary_key=True, autoincrement=True),
        Column("run_id", name(), nullable=False, unique=True),
        Column("job_name", name(512), nullable=False),
        Column("status", name(32), nullable=False),
        Column("job_snapshot_id", name(64)),
        Column("created_us", big_integer(), nullable=False),
        Column("updated_us", big_integer(), nullable=False),
        Column("start_time", Double),
        Column("end_time", Double),
        Column("epoch", Integer, nullable=False),
        Column("owner", name()),
        Column("lease_expires_us", big_integer()),
        Column("body", long_text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("runs_by_creation", "runs", ["created_us", "id"])
    op.create_index("runs_by_end", "runs", ["end_time", "id"], postgresql_ops={"end_time": _NO_VALUE_FIRST})
    op.create_index("runs_by_job_name", "runs", ["job_name", "id"])
    op.create_index("runs_by_job_snapshot", "runs", ["job_snapshot_id", "id"])
    op.create_index(
        "runs_by_start", "runs", ["start_time", "id"], postgresql_ops={"start_time": _NO_VALUE_FIRST}
    )
    op.create_index("runs_by_status", "runs", ["status", "id"])
    op.create_index("runs_by_update", "runs", ["updated_us", "id"])
    op.create_table(
        "run_tags",
        Column("run_row", big_integer(), primary_key=True, autoincrement=False),
        Column("key", name(), primary_key=True),
        Column("value_head", name(200), nullable=False),
        Column("value", long_text(), nullable=False),
    )
    op.create_index("run_tags_by_value", "run_tags", ["key", "value_head", "run_row"])
    op.create_table(
        "snapshots",
        Column("snapshot_id", name(64), primary_key=True),
        Column("body", long_text(), nullable=False),
    )
    op.create_table(
        "heartbeats",
        Column("daemon_type", name(), primary_key=True),
        Column("body", long_text(), nullable=False),
    )
    op.create_table(
        "cursors",
        Column("key", name(), primary_key=True),
        Column("value", long_text(), nullable=False),
    )


def _create_event_tables() -> None:
    op.create_table(
        "event_ids",
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("last", big_integer(), nullable=False),
    )
    op.execute("INSERT INTO event_ids (id, last) VALUES (1, 0)")
    op.create_table(
        "events",
        Column("id", big_integer(), primary_key=True, autoincrement=False),
        Column("event_id", name(64), nullable=False, unique=True),
        Column("run_id", name(), nullable=False),
        Column("event_type", name(64)),
        Column("timestamp", Double, nullable=False),
        Column("job_name", name(512)),
        Column("asset_digest", name(40)),
        Column("partition_digest", name(40)),
        Column("late", Boolean, nullable=False),
        Column("body", long_text(), nullable=False),
    )
    op.create_index(
        "events_by_asset",
        "events",
        ["asset_digest", "event_type", "id"],
        sqlite_where=column("asset_digest").is_not(None),
        postgresql_where=column("asset_digest").is_not(None),
    )
    op.create_index(
        "events_by_partition",
        "events",
        ["asset_digest", "event_type", "partition_digest", "id"],
        sqlite_where=column("partition_digest").is_not(None),
        postgresql_where=column("partition_digest").is_not(None),
    )
    op.create_index("events_by_run", "events", ["run_id", "id"])
    op.create_index(
        "events_by_type",
        "events",
        ["event_type", "id"],
        sqlite_where=column("event_type").is_not(None),
        postgresql_where=column("event_type").is_not(None),
    )
    op.create_table(
        "assets",
        Column("id", big_integer(), primary_key=True, autoincrement=True),
        Column("digest", name(40), nullable=False, unique=True),
        Column("asset_head", name(200), nullable=False),
        Column("asset_key", long_text(), nullable=False),
        Column("last_materialization_id", big_integer()),
        Column("last_materialization_body", long_text()),
        Column("last_observation_id", big_integer()),
        Column("last_observation_body", long_text()),
        Column("last_planned_id", big_integer()),
        Column("last_run_id", name()),
        Column("live_timestamp", Double),
        Column("wipe_timestamp", Double),
        Column("wipe_storage_id", big_integer()),
        sqlite_autoincrement=True,
    )
    op.create_index("assets_by_key", "assets", ["asset_head"])
    op.create_table(
        "asset_partitions",
        Column("asset_digest", name(40), primary_key=True),
        Column("event_type", name(64), primary_key=True),
        Column("partition_digest", name(40), primary_key=True),
        Column("partition", long_text(), nullable=False),
        Column("storage_id", big_integer(), nullable=False),
    )


def _create_partition_and_slot_tables() -> None:
    op.create_table(
        "dynamic_partitions",
        Column("id", big_integer(), primary_key=True, autoincrement=True),
        Column("definition", name(), nullable=False),
        Column("key_digest", name(40), nullable=False),
        Column("partition_key", long_text(), nullable=False),
        UniqueConstraint("definition", "key_digest", name="dynamic_partitions_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("dynamic_partitions_in_order", "dynamic_partitions", ["definition", "id"])
    op.create_table(
        "slot_limits",
        Column("concurrency_key", name(), primary_key=True),
        Column("slot_count", Integer, nullable=False),
    )
    op.create_table(
        "slot_claims",
        Column("id", big_integer(), primary_key=True, autoincrement=True),
        Column("concurrency_key", name(), nullable=False),
        Column("run_id", name(), nullable=False),
        Column("step_key", name(), nullable=False),
        Column("priority", Integer, nullable=False),
        Column("is_held", Boolean, nullable=False),
        UniqueConstraint("concurrency_key", "run_id", "step_key", name="slot_claims_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("slot_claims_by_run", "slot_claims", ["run_id", "step_key"])
    op.create_index("slot_claims_by_turn", "slot_claims", ["concurrency_key", "is_held", "priority", "id"])


def _create_schedule_tables() -> None:
    op.create_table(
        "instigators",
        Column("id", big_integer(), primary_key=True, autoincrement=True),
        Column("selector_id", name(64), nullable=False, unique=True),
        Column("repository_selector_id", name(64), nullable=False),
        Column("instigator_type", name(32), nullable=False),
        Column("status", name(32), nullable=False),
        Column("body", long_text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("instigators_by_repository", "instigators", ["repository_selector_id", "id"])
    op.create_table(
        "ticks",
        Column("id", big_integer(), primary_key=True, autoincrement=True),
        Column("selector_id", name(64), nullable=False),
        Column("status", name(32), nullable=False),
        Column("timestamp", Double, nullable=False),
        Column("body", long_text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ticks_by_selector", "ticks", ["selector_id", "timestamp", "id"])
    op.create_index("ticks_by_time", "ticks", ["timestamp", "id"])
