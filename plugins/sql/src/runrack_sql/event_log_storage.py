"""SqlEventLogStorage: keeps the log and all that follows from it in a database."""

from runrack.interfaces.event_log_storage import EventLogStorage
from runrack_sql.asset_catalog import SqlAssetCatalog
from runrack_sql.concurrency_slots import SqlConcurrencySlots
from runrack_sql.dynamic_partitions import SqlDynamicPartitions
from runrack_sql.event_log import SqlEventLog


class SqlEventLogStorage(
    SqlEventLog, SqlAssetCatalog, SqlDynamicPartitions, SqlConcurrencySlots, EventLogStorage
):
    """Keeps the log with its projections: four concerns over one database, each in a module of its own."""
