"""DuckdbSqlalchemyDialect: what SQLAlchemy and Alembic have to know of DuckDB."""

from typing import Any

import duckdb
from alembic.ddl.impl import DefaultImpl
from sqlalchemy import Column, Connection, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDDLCompiler, PGDialect
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import NULLTYPE
from typing_extensions import override

NAME = "runrack_duckdb"
"""A name of its own, so that nothing changes for those who use another dialect for DuckDB beside this one."""


class DuckdbStatements(PGCompiler):
    """Writes statements: those of PostgreSQL, whose language DuckDB speaks."""

    @override
    def for_update_clause(self, select: Any, **kw: Any) -> str:
        return ""  # there are no locks on rows; transactions take turns instead


class DuckdbTables(PGDDLCompiler):
    """Writes tables and indexes."""

    @override
    def visit_create_table(self, create: CreateTable, **kw: Any) -> str:
        table = create.element
        statement = super().visit_create_table(create, **kw)  # type: ignore[no-untyped-call]
        if table.autoincrement_column is None:
            return f"{statement}"
        return f"CREATE SEQUENCE {sequence_of(table.name)};{statement}"

    @override
    def get_column_specification(self, column: Column[Any], **kwargs: Any) -> str:
        if column is not column.table.autoincrement_column:
            return f"{super().get_column_specification(column, **kwargs)}"  # type: ignore[no-untyped-call]
        return f"{self.preparer.format_column(column)} BIGINT DEFAULT nextval('{sequence_of(column.table.name)}')"

    @override
    def visit_create_index(self, create: Any, *_: Any, **kw: Any) -> str:
        index = create.element  # of all rows: DuckDB's indexes can have no condition
        columns = ", ".join(self.preparer.format_column(column) for column in index.columns)
        kind = "UNIQUE INDEX" if index.unique else "INDEX"
        return f"CREATE {kind} {self.preparer.format_index(index)} ON {self.preparer.format_table(index.table)} ({columns})"


class DuckdbSqlalchemyDialect(PGDialect):
    """DuckDB, for SQLAlchemy. What it finds of tables, columns and indexes are their names."""

    name = NAME
    driver = "duckdb"
    default_paramstyle = "qmark"
    statement_compiler = DuckdbStatements
    ddl_compiler = DuckdbTables
    supports_statement_cache = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]

    @classmethod
    @override
    def import_dbapi(cls) -> Any:
        return duckdb

    @override
    def initialize(self, connection: Connection) -> None:
        """Ask nothing: a PostgreSQL server would be asked for its version and settings."""

    @override
    def do_begin(self, dbapi_connection: Any) -> None:
        dbapi_connection.begin()

    @override
    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> Any:
        return [*connection.scalars(text("SELECT table_name FROM duckdb_tables()"))]

    @override
    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        return table_name in self.get_table_names(connection)

    @override
    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> Any:
        query = text("SELECT column_name FROM duckdb_columns() WHERE table_name = :table")
        return [{"name": name, "type": NULLTYPE} for name in connection.scalars(query, {"table": table_name})]

    @override
    def get_indexes(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> Any:
        query = text("SELECT index_name FROM duckdb_indexes() WHERE table_name = :table")
        return [{"name": name} for name in connection.scalars(query, {"table": table_name})]


class DuckdbMigrations(DefaultImpl):
    """Changes tables; Alembic finds it by the name of the dialect."""

    __dialect__ = NAME
    transactional_ddl = True

    @override
    def add_column(self, table_name: str, column: Column[Any], **kw: Any) -> None:
        column.nullable = (
            True  # a table with indexes gets no column with a constraint; nobody writes a null into it
        )
        super().add_column(table_name, column, **kw)


def sequence_of(table: str) -> str:
    """Return the name of the sequence that numbers the rows of a table."""
    return f"{table}_id"


registry.register(NAME, __name__, DuckdbSqlalchemyDialect.__name__)
