"""Runs the migrations; the only module that imports Alembic, and itself imported only when there is something to do."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

SCRIPTS = "runrack_sql:migrations"


def upgrade(conn: Connection) -> None:
    """Run all migrations that the database has not seen, on a connection whose transaction the caller ends."""
    command.upgrade(_config(conn), "head")


def _config(conn: Connection) -> Config:
    config = Config(attributes={"connection": conn})
    config.set_main_option("script_location", SCRIPTS)
    return config
