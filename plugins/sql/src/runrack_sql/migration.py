"""Runs the migrations; imported, and Alembic with it, only when there is something to do.

A migration is a module of `migrations.versions`. The first one has `upgrade`, which makes the first tables. Each other
one has `expand`, which adds to the tables and fills what it added. Version numbers are written last.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from alembic.config import Config
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, delete, func, insert, inspect, select

from runrack.errors import StorageCorruptError
from runrack_sql.schema import event_ids, metadata, schema_version
from runrack_sql.schema_changes import SchemaChanges, migration_context

SCRIPTS = "runrack_sql:migrations"


def create_tables(conn: Connection, until: str = "head") -> None:
    """Make the tables in a database that has none, on a connection whose transaction the caller ends.

    Args:
        conn: The connection.
        until: Which version the tables shall have; the newest when left out.
    """

    @contextmanager
    def begin() -> Iterator[Connection]:
        yield conn

    schema_version.create(conn, checkfirst=True)
    _drop_unfinished_tables(conn)
    first, *later = _scripts_between("base", until)
    with Operations.context(migration_context(conn)):
        first.module.upgrade()
    for script in later:
        script.module.expand(SchemaChanges(begin))
    _set_version(conn, later[-1] if later else first)


def migrate_tables(changes: SchemaChanges, current: str) -> None:
    """Bring tables of the version `current` to the newest one while others use them."""
    for script in _scripts_between(current, "head"):
        script.module.expand(changes)
        changes.make(f"version {script.revision}", partial(_set_version, script=script))


def versions() -> Sequence[str]:
    """Return all versions, oldest first."""
    return [script.revision for script in _scripts_between("base", "head")]


def _scripts_between(after: str, until: str) -> Sequence[Script]:
    """Return the migrations that lead from one version to another, in their order."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    return [*ScriptDirectory.from_config(config).iterate_revisions(until, after)][::-1]


def _drop_unfinished_tables(conn: Connection) -> None:
    """Drop what a creation left behind that was killed in a database which cannot undo it.

    Nobody has used such tables, since they have no version; were there rows all the same, they are not touched.
    """
    found = set(inspect(conn).get_table_names())
    left = [table for table in metadata.sorted_tables if table.name in found]
    for table in left:
        if table is not event_ids and conn.execute(select(func.count()).select_from(table)).scalar():
            raise StorageCorruptError(
                f"the table {table.name} holds rows, but the database does not tell the version of its tables:"
                " restore a copy"
            )
    metadata.drop_all(conn, left)


def _set_version(conn: Connection, script: Script) -> None:
    row = {
        "version_num": script.revision,
        "oldest_code": getattr(script.module, "oldest_code", script.revision),
    }
    conn.execute(delete(schema_version))
    conn.execute(insert(schema_version), row)
