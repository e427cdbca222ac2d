"""ShardRegistry: which run has which file. A row is what makes a file part of the log."""

from collections.abc import Mapping

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, bindparam, delete, insert, select
from sqlalchemy.schema import CreateTable

from runrack_sql.dialect import Dialect
from runrack_sql.prepared import Prepared

_shards = Table(
    "shards",
    MetaData(),
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String, nullable=False, unique=True),
    sqlite_autoincrement=True,
)
"""In the index only, beside the tables of all storages. Numbers are never used twice."""


class ShardRegistry:
    """Finds and changes the rows of the files, within transactions of the index.

    Args:
        dialect: Of the index.
    """

    def __init__(self, dialect: Dialect) -> None:
        number_of_run = select(_shards.c.number).where(_shards.c.run_id == bindparam("of_run"))
        self._find = Prepared(number_of_run, dialect)

    def create(self, conn: Connection) -> None:
        """Make the table when it is missing."""
        conn.execute(CreateTable(_shards, if_not_exists=True))

    def find(self, conn: Connection, run_id: str) -> int | None:
        """Return the number of the run's file; None when it has none."""
        row = self._find.run(conn, {"of_run": run_id}).fetchone()
        return None if row is None else row[0]

    def add(self, conn: Connection, run_id: str) -> int:
        """Return the number of the run's file, a new one when it has none."""
        known = self.find(conn, run_id)
        if known is not None:
            return known
        added: int = conn.execute(
            insert(_shards).returning(_shards.c.number), {"run_id": run_id}
        ).scalar_one()
        return added

    def drop(self, conn: Connection, run_id: str) -> None:
        """Take the run's file out of the log."""
        conn.execute(delete(_shards).where(_shards.c.run_id == run_id))

    def drop_all(self, conn: Connection) -> None:
        """Take all files out of the log."""
        conn.execute(delete(_shards))

    def list(self, conn: Connection) -> Mapping[int, str]:
        """Return number to run id of all files."""
        return {row.number: row.run_id for row in conn.execute(select(_shards))}
