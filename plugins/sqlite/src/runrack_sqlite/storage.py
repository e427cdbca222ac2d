"""The storages that an operator can choose: all three in one file, or each in a file of its own."""

from pathlib import Path
from typing import Any, ClassVar, Self

from sqlalchemy import make_url
from typing_extensions import override

from runrack.config.vocabulary import Enum, Field, StringSource
from runrack.errors import InvalidArgumentError, NotFoundError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.part import SqlPart
from runrack_sql.retention import SqlRetention
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.schedule_storage import SqlScheduleStorage
from runrack_sql.storage import SqlStorage
from runrack_sqlite.database import SqliteDatabase, Synchronous

_SCHEME = "sqlite:"


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
        super().__init__(SqliteDatabase(self._file_in(base_dir), Synchronous(synchronous)))

    @classmethod
    def from_local(cls, base_dir: str | Path, inst_data: ConfigurableClassData | None = None) -> Self:
        """Return the storage in the folder `base_dir`."""
        return cls(base_dir, inst_data)

    def _file_in(self, base_dir: str | Path) -> Path:
        return Path(base_dir).expanduser().absolute() / self.FILE_NAME

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


class SqliteFileConfigurable(SqliteConfigurable):
    """A storage whose file may be anywhere: a connection string in place of `base_dir` names one that exists.

    `SqliteRunStorage("sqlite:////backup/monday.db")` opens `/backup/monday.db`, whatever it is called.

    Raises:
        InvalidArgumentError: The connection string names no file, or carries options.
        NotFoundError: The file does not exist.
    """

    @override
    def _file_in(self, base_dir: str | Path) -> Path:
        if not str(base_dir).startswith(_SCHEME):
            return super()._file_in(base_dir)
        url = make_url(str(base_dir))
        if url.database in {None, "", ":memory:"} or url.host is not None or url.query:
            raise InvalidArgumentError(
                "a connection string of SQLite is sqlite:///PATH, of a path from the root sqlite:////PATH,"
                " without anything after it"
            )
        path = Path(str(url.database)).expanduser().absolute()
        if not path.is_file():
            raise NotFoundError(
                f"there is no database {path}: a connection string names one that exists; give a folder to make one"
            )
        return path


class SqliteStorage(SqliteConfigurable, SqlStorage):
    """Runs, events and schedules in one file: each change is one transaction. The default of an instance."""

    FILE_NAME = "runrack.db"


class SqliteRunStorage(SqliteFileConfigurable, SqlRunStorage):
    """Runs in a file of their own."""

    FILE_NAME = "runs.db"


class ConsolidatedSqliteEventLogStorage(SqliteConfigurable, SqlEventLogStorage, SqlRetention):
    """The events of all runs in one file of their own."""

    FILE_NAME = "event_log.db"


class SqliteScheduleStorage(SqliteFileConfigurable, SqlScheduleStorage):
    """Schedules, sensors and their ticks in a file of their own."""

    FILE_NAME = "schedules.db"
