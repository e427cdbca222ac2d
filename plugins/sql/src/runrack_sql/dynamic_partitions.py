"""SqlDynamicPartitions: keeps partition keys that come and go in a database."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select
from typing_extensions import override

from runrack.errors import InvalidArgumentError
from runrack.interfaces.dynamic_partitions import DynamicPartitions
from runrack.interfaces.event_log import NO_RECORD
from runrack.records.cursor import EventLogCursor
from runrack.records.page import PaginatedResults
from runrack_sql.limit import check_limit, chunks
from runrack_sql.part import SqlPart
from runrack_sql.retry import repeatable
from runrack_sql.schema import dynamic_partitions
from runrack_sql.text_key import digest

_table = dynamic_partitions.c


class SqlDynamicPartitions(DynamicPartitions, SqlPart):
    """Keeps dynamic partitions; ids tell the order in which they were added."""

    @override
    @repeatable
    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        if isinstance(partition_keys, str) or not all(isinstance(key, str) for key in partition_keys):
            raise InvalidArgumentError("partition_keys is a sequence of strings, not one string")
        rows = [
            {"definition": partitions_def_name, "key_digest": digest(key), "partition_key": key}
            for key in dict.fromkeys(partition_keys)
        ]
        if not rows:
            return
        with self.database.write() as conn:
            statement = self.database.dialect.insert_missing(dynamic_partitions, ["definition", "key_digest"])
            conn.execute(statement, rows)

    @override
    @repeatable
    def get_dynamic_partitions(
        self,
        partitions_def_name: str,
        limit: int | None = None,
        ascending: bool = True,
        after_key: str | None = None,
    ) -> Sequence[str]:
        check_limit(limit)
        statement = select(_table.partition_key).where(_table.definition == partitions_def_name)
        if after_key is not None:
            # An unknown key makes the bound null, which no row satisfies.
            bound = (
                select(_table.id)
                .where(_table.definition == partitions_def_name, _table.key_digest == digest(after_key))
                .scalar_subquery()
            )
            statement = statement.where(_table.id > bound if ascending else _table.id < bound)
        ordered = statement.order_by(_table.id.asc() if ascending else _table.id.desc()).limit(limit)
        with self.database.read() as conn:
            return conn.execute(ordered).scalars().all()

    @override
    @repeatable
    def get_paginated_dynamic_partitions(
        self, partitions_def_name: str, limit: int, ascending: bool = True, cursor: str | None = None
    ) -> PaginatedResults[str]:
        check_limit(limit)
        statement = select(_table.id, _table.partition_key).where(_table.definition == partitions_def_name)
        place = NO_RECORD if cursor is None else EventLogCursor.parse(cursor).storage_id()
        if place != NO_RECORD:
            statement = statement.where(_table.id > place if ascending else _table.id < place)
        ordered = statement.order_by(_table.id.asc() if ascending else _table.id.desc()).limit(limit + 1)
        with self.database.read() as conn:
            rows = conn.execute(ordered).all()
        page = rows[:limit]
        end = page[-1].id if page else place
        return PaginatedResults(
            [row.partition_key for row in page],
            EventLogCursor.from_storage_id(end).to_string(),
            len(rows) > len(page),
        )

    @override
    @repeatable
    def get_existing_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Collection[str]
    ) -> set[str]:
        found: set[str] = set()
        with self.database.read() as conn:
            for portion in chunks({digest(key) for key in partition_keys}):
                statement = select(_table.partition_key).where(
                    _table.definition == partitions_def_name, _table.key_digest.in_(portion)
                )
                found.update(conn.execute(statement).scalars())
        return found

    @override
    @repeatable
    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        statement = select(_table.id).where(
            _table.definition == partitions_def_name, _table.key_digest == digest(partition_key)
        )
        with self.database.read() as conn:
            return conn.execute(statement).first() is not None

    @override
    @repeatable
    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        statement = delete(dynamic_partitions).where(
            _table.definition == partitions_def_name, _table.key_digest == digest(partition_key)
        )
        with self.database.write() as conn:
            conn.execute(statement)
