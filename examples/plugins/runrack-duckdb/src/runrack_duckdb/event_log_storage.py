"""DuckdbEventLogStorage: the events of all runs in a file of their own."""

from runrack_sql import SqlEventLogStorage

from runrack_duckdb.configured_part import DuckdbPart


class DuckdbEventLogStorage(DuckdbPart, SqlEventLogStorage):
    """Keeps the events of all runs in a file of their own."""

    FILE_NAME = "events.db"
