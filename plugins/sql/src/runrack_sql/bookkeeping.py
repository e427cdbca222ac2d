"""SqlBookkeeping: snapshots, signs of life and bookmarks in a database."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, select
from typing_extensions import override

from runrack.interfaces.run_storage import CursorStore, HeartbeatStore, SnapshotStore
from runrack.records.codec import decode_heartbeat, decode_snapshot, encode
from runrack.records.heartbeat import DaemonHeartbeat
from runrack.records.snapshot import Snapshot
from runrack.records.snapshot import snapshot_id as id_of_snapshot
from runrack_sql.limit import chunks
from runrack_sql.part import SqlPart
from runrack_sql.retry import repeatable
from runrack_sql.schema import cursors, heartbeats, snapshots


class SqlBookkeeping(SnapshotStore, HeartbeatStore, CursorStore, SqlPart):
    """Keeps what belongs to the runs without being one: three small tables that know nothing of each other."""

    @override
    @repeatable
    def add_snapshot(self, snapshot: Snapshot) -> str:
        key = id_of_snapshot(snapshot)
        row = {"snapshot_id": key, "body": encode(snapshot)}
        with self.database.write() as conn:
            conn.execute(self.database.dialect.insert_missing(snapshots, ["snapshot_id"]), row)
        return key

    @override
    @repeatable
    def get_snapshot(self, snapshot_id: str) -> Snapshot | None:
        statement = select(snapshots.c.body).where(snapshots.c.snapshot_id == snapshot_id)
        with self.database.read() as conn:
            body = conn.execute(statement).scalar()
        return None if body is None else decode_snapshot(body)

    @override
    @repeatable
    def has_snapshot(self, snapshot_id: str) -> bool:
        with self.database.read() as conn:
            return self._has_snapshot(conn, snapshot_id)

    @override
    @repeatable
    def add_daemon_heartbeat(self, daemon_heartbeat: DaemonHeartbeat) -> None:
        row = {"daemon_type": daemon_heartbeat.daemon_type, "body": encode(daemon_heartbeat)}
        with self.database.write() as conn:
            conn.execute(self.database.dialect.replace(heartbeats, ["daemon_type"]), row)

    @override
    @repeatable
    def get_daemon_heartbeats(self) -> Mapping[str, DaemonHeartbeat]:
        with self.database.read() as conn:
            rows = conn.execute(select(heartbeats.c.daemon_type, heartbeats.c.body)).all()
        return {row.daemon_type: decode_heartbeat(row.body) for row in rows}

    @override
    @repeatable
    def wipe_daemon_heartbeats(self) -> None:
        with self.database.write() as conn:
            conn.execute(delete(heartbeats))

    @override
    @repeatable
    def get_cursor_values(self, keys: Collection[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        with self.database.read() as conn:
            for portion in chunks(keys):
                rows = conn.execute(select(cursors.c.key, cursors.c.value).where(cursors.c.key.in_(portion)))
                found.update({row.key: row.value for row in rows})
        return found

    @override
    @repeatable
    def set_cursor_values(self, values: Mapping[str, str]) -> None:
        if not values:
            return
        rows = [{"key": key, "value": value} for key, value in sorted(values.items())]
        with self.database.write() as conn:
            conn.execute(self.database.dialect.replace(cursors, ["key"]), rows)

    def _has_snapshot(self, conn: Connection, snapshot_id: str) -> bool:
        statement = select(snapshots.c.snapshot_id).where(snapshots.c.snapshot_id == snapshot_id)
        return conn.execute(statement).first() is not None
