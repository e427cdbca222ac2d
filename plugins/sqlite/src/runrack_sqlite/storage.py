"""The storages that an operator can choose: all three in one file, or each in a file of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from typing_extensions import override

from runrack.config.vocabulary import Enum, Field, StringSource
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.part import SqlPart
from runrack_sql.retention import SqlRetention
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.schedule_storage import SqlScheduleStorage
from runrack_sql.storage import SqlStorage
from runrack_sqlite.database import SqliteDatabase, Synchronous


class SqliteConfigurable(SqlPart, ConfigurableClass):
    """A storage in one file of the folder `base_dir`.

    Args:
        base_dir: The folder; made when it is missing.
        inst_data: What the storage was built from.
        synchronous: `normal`, or `full` where nothing may be lost in a power failure either; see `Synchronous`.

    Attributes:
        FILE_NAME: What the file is called.
    """

    FILE_NAME: ClassVar[str]

    def __init__(
        self,
        base_dir: str | Path,
        inst_data: ConfigurableClassData | None = None,
        synchronous: str = Synchronous.NORMAL,
    ) -> None:
        self._inst_data = inst_data
        path = Path(base_dir).expanduser().absolute() / self.FILE_NAME
        super().__init__(SqliteDatabase(path, Synchronous(synchronous)))

    @classmethod
    def from_local(cls, base_dir: str | Path, inst_data: ConfigurableClassData | None = None) -> Self:
        """Return the storage in the folder `base_dir`."""
        return cls(base_dir, inst_data)

    @property
    @override
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {
            "base_dir": Field(StringSource, description="The folder of the database file.", is_secret=False),
            "synchronous": Field(
                Enum("Synchronous", [choice.value for choice in Synchronous]),
                default_value=Synchronous.NORMAL.value,
                description=(
                    "`full`: each commit waits for the disk, and a power failure loses nothing;"
                    " `normal`: it may take the last commits."
                ),
            ),
        }

    @classmethod
    @override
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data=inst_data, **config_value)


class SqliteStorage(SqliteConfigurable, SqlStorage):
    """Runs, events and schedules in one file: each change is one transaction. The default of an instance."""

    FILE_NAME = "runrack.db"


class SqliteRunStorage(SqliteConfigurable, SqlRunStorage):
    """Runs in a file of their own."""

    FILE_NAME = "runs.db"


class ConsolidatedSqliteEventLogStorage(SqliteConfigurable, SqlEventLogStorage, SqlRetention):
    """The events of all runs in one file of their own."""

    FILE_NAME = "event_log.db"


class SqliteScheduleStorage(SqliteConfigurable, SqlScheduleStorage):
    """Schedules, sensors and their ticks in a file of their own."""

    FILE_NAME = "schedules.db"
