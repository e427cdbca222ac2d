"""Runs the migrations; imported, and Alembic with it, only when there is something to do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, delete, insert

from runrack_sql.schema import schema_version
from runrack_sql.schema_changes import SchemaChanges

SCRIPTS = "runrack_sql:migrations"


def upgrade(conn: Connection, current: str | None) -> None:
    """Run all migrations after the version `current`, on a connection whose transaction the caller ends."""

    @contextmanager
    def begin() -> Iterator[Connection]:
        yield conn

    for script in _scripts_after(current):
        if script.down_revision is None:
            with Operations.context(MigrationContext.configure(conn)):
                script.module.upgrade()
        else:
            script.module.expand(SchemaChanges(begin))
        _set_version(conn, script.revision)


def versions_after(current: str | None) -> Sequence[str]:
    """Return the versions that follow `current`, oldest first; all of them for None."""
    return [script.revision for script in _scripts_after(current)]


def _scripts_after(current: str | None) -> Sequence[Script]:
    """Return the migrations that lead from a version to the newest, in their order."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    scripts = ScriptDirectory.from_config(config)
    return [*scripts.iterate_revisions("head", current or "base")][::-1]


def _set_version(conn: Connection, version: str) -> None:
    schema_version.create(conn, checkfirst=True)
    conn.execute(delete(schema_version))
    conn.execute(insert(schema_version), {"version_num": version})
