"""The tables. What they hold is described here; how they came to be, in `migrations`.

A record is stored as JSON text in a column `body`; columns beside it are what queries select and order by. Where a
column says the same as the body (the status of a run), the column counts.
"""

from sqlalchemy import Boolean, Column, Double, Index, Integer, MetaData, String, Table, UniqueConstraint

from runrack_sql.column_type import DIGEST_LENGTH, HEAD_LENGTH, big_integer, long_text, name

SCHEMA_VERSION = "0002"
"""The newest migration: what the tables below are. A database with another version is not opened."""

UNFINISHED_COPY = "unfinished copy"
"""Stands in the place of the version while the rows of another database are brought in."""

VERSION_TABLE = "runrack_schema_version"

metadata = MetaData()

schema_version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), primary_key=True),
    Column("oldest_code", String(32)),
)
"""One row: the version of the tables, and the oldest code that can work with them. It is there before all others."""

runs = Table(
    "runs",
    metadata,
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
    Column("turn", Integer, nullable=False, server_default="0"),
    Index("runs_by_job_name", "job_name", "id"),
    Index("runs_by_status", "status", "id"),
    Index("runs_by_job_snapshot", "job_snapshot_id", "id"),
    Index("runs_by_creation", "created_us", "id"),
    Index("runs_by_update", "updated_us", "id"),
    Index("runs_by_start", "start_time", "id"),
    Index("runs_by_end", "end_time", "id"),
    Index("runs_by_turn", "status", "turn", "id", "lease_expires_us"),
    Index("runs_by_lease", "lease_expires_us", "id"),
    sqlite_autoincrement=True,
)
"""Runs; times ending in `_us` are microseconds since 1970, the others seconds. Ids are never used twice.

`turn` is the negative of the priority: queued runs are served by it, then by id. A run without an owner has no lease.
"""

run_tags = Table(
    "run_tags",
    metadata,
    Column("run_row", big_integer(), primary_key=True, autoincrement=False),
    Column("key", name(), primary_key=True),
    Column("value_head", name(HEAD_LENGTH), nullable=False),
    Column("value", long_text(), nullable=False),
    Index("run_tags_by_value", "key", "value_head", "run_row"),
)
"""The tags of runs: the only place where they are kept."""

snapshots = Table(
    "snapshots",
    metadata,
    Column("snapshot_id", name(64), primary_key=True),
    Column("body", long_text(), nullable=False),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("daemon_type", name(), primary_key=True),
    Column("body", long_text(), nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("key", name(), primary_key=True),
    Column("value", long_text(), nullable=False),
)

event_ids = Table(
    "event_ids",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", big_integer(), nullable=False),
)
"""One row: the storage id given out last.

Whoever stores events holds this row until the commit, so that ids become visible in their order, and an id is never
given out twice, whatever is deleted.
"""

events = Table(
    "events",
    metadata,
    Column("id", big_integer(), primary_key=True, autoincrement=False),
    Column("event_id", name(64), nullable=False, unique=True),
    Column("run_id", name(), nullable=False),
    Column("event_type", name(64)),
    Column("timestamp", Double, nullable=False),
    Column("job_name", name(512)),
    Column("asset_digest", name(DIGEST_LENGTH)),
    Column("partition_digest", name(DIGEST_LENGTH)),
    Column("late", Boolean, nullable=False),
    Column("body", long_text(), nullable=False),
    Index("events_by_run", "run_id", "id"),
    Index("events_by_type", "event_type", "id"),
    Index("events_by_asset", "asset_digest", "event_type", "id"),
    Index("events_by_partition", "asset_digest", "event_type", "partition_digest", "id"),
)
"""The log. `event_type` is null for a plain message.

Where the database can do that, the indexes leave out the rows with a null: the migration says so. Here it would make
SQLAlchemy import the dialects of databases that are not used.
"""

assets = Table(
    "assets",
    metadata,
    Column("id", big_integer(), primary_key=True, autoincrement=True),
    Column("digest", name(DIGEST_LENGTH), nullable=False, unique=True),
    Column("asset_head", name(HEAD_LENGTH), nullable=False),
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
    Column("last_planned_run_id", name()),
    Index("assets_by_key", "asset_head"),
    sqlite_autoincrement=True,
)
"""The latest state of every asset: the truth, not a cache over the log, which may be shortened.

`live_timestamp` is the latest time of an event since the last wipe; the asset is in the catalog when it is later than
`wipe_timestamp`. Events up to `wipe_storage_id` are hidden.
"""

asset_partitions = Table(
    "asset_partitions",
    metadata,
    Column("asset_digest", name(DIGEST_LENGTH), primary_key=True),
    Column("event_type", name(64), primary_key=True),
    Column("partition_digest", name(DIGEST_LENGTH), primary_key=True),
    Column("partition", long_text(), nullable=False),
    Column("storage_id", big_integer(), nullable=False),
    Column("run_id", name()),
)
"""The newest event of each type for each partition since the last wipe."""

asset_plans = Table(
    "asset_plans",
    metadata,
    Column("asset_digest", name(DIGEST_LENGTH), primary_key=True),
    Column("partition_digest", name(DIGEST_LENGTH), primary_key=True),
    Column("run_id", name(), primary_key=True),
    Column("partition", long_text(), nullable=False),
    Column("storage_id", big_integer(), nullable=False),
    Column("is_decided", Boolean, nullable=False),
    Index("asset_plans_by_run", "run_id"),
)
"""The plans of partitions that were not written since; see `AssetCatalog.get_pending_plans` for which ones stay."""

asset_partition_wipes = Table(
    "asset_partition_wipes",
    metadata,
    Column("asset_digest", name(DIGEST_LENGTH), primary_key=True),
    Column("partition_digest", name(DIGEST_LENGTH), primary_key=True),
    Column("storage_id", big_integer(), nullable=False),
)
"""Up to which storage id the events of a partition are hidden, beyond what the last wipe of the asset hides."""

dynamic_partitions = Table(
    "dynamic_partitions",
    metadata,
    Column("id", big_integer(), primary_key=True, autoincrement=True),
    Column("definition", name(), nullable=False),
    Column("key_digest", name(DIGEST_LENGTH), nullable=False),
    Column("partition_key", long_text(), nullable=False),
    UniqueConstraint("definition", "key_digest", name="dynamic_partitions_once"),
    Index("dynamic_partitions_in_order", "definition", "id"),
    sqlite_autoincrement=True,
)

slot_limits = Table(
    "slot_limits",
    metadata,
    Column("concurrency_key", name(), primary_key=True),
    Column("slot_count", Integer, nullable=False),
)

slot_claims = Table(
    "slot_claims",
    metadata,
    Column("id", big_integer(), primary_key=True, autoincrement=True),
    Column("concurrency_key", name(), nullable=False),
    Column("run_id", name(), nullable=False),
    Column("step_key", name(), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("is_held", Boolean, nullable=False),
    UniqueConstraint("concurrency_key", "run_id", "step_key", name="slot_claims_once"),
    Index("slot_claims_by_turn", "concurrency_key", "is_held", "priority", "id"),
    Index("slot_claims_by_run", "run_id", "step_key"),
    sqlite_autoincrement=True,
)
"""Who holds a slot and who waits. A step that is served gets a new row: ids tell how long a slot is held."""

instigators = Table(
    "instigators",
    metadata,
    Column("id", big_integer(), primary_key=True, autoincrement=True),
    Column("selector_id", name(64), nullable=False, unique=True),
    Column("repository_selector_id", name(64), nullable=False),
    Column("instigator_type", name(32), nullable=False),
    Column("status", name(32), nullable=False),
    Column("body", long_text(), nullable=False),
    Index("instigators_by_repository", "repository_selector_id", "id"),
    sqlite_autoincrement=True,
)

ticks = Table(
    "ticks",
    metadata,
    Column("id", big_integer(), primary_key=True, autoincrement=True),
    Column("selector_id", name(64), nullable=False),
    Column("status", name(32), nullable=False),
    Column("timestamp", Double, nullable=False),
    Column("body", long_text(), nullable=False),
    Column("claim_key", name(128)),
    Column("owner", name()),
    Column("lease_expires_us", big_integer()),
    Index("ticks_by_selector", "selector_id", "timestamp", "id"),
    Index("ticks_by_time", "timestamp", "id"),
    Index("ticks_by_status", "selector_id", "status", "timestamp", "id"),
    Index("ticks_by_claim", "claim_key", unique=True),
    Index("ticks_by_lease", "lease_expires_us", "id"),
    sqlite_autoincrement=True,
)
