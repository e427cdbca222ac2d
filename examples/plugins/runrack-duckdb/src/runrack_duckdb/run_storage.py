"""DuckdbRunStorage: runs in a file of their own."""

from runrack_sql import SqlRunStorage

from runrack_duckdb.configured_part import DuckdbPart


class DuckdbRunStorage(DuckdbPart, SqlRunStorage):
    """Keeps runs in a file of their own."""

    FILE_NAME = "runs.db"
