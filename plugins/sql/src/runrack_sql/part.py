"""SqlPart: what every storage over a database has in common."""

from abc import ABC
from collections.abc import Sequence
from contextlib import AbstractContextManager

from typing_extensions import override

from runrack.interfaces.part import InstancePart
from runrack.interfaces.progress_report import Report, silent
from runrack.interfaces.storage import SchemaStatus
from runrack.interfaces.storage_check import Finding
from runrack_sql.database import Database


class SqlPart(InstancePart, ABC):
    """A part of an instance that keeps its data in a database.

    Attributes:
        database: Where; several parts may share one.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def get_schema_status(self) -> SchemaStatus:
        """As `SupportsMigration.get_schema_status`."""
        return self.database.get_schema_status()

    def migrate(self, report: Report = silent) -> None:
        """As `SupportsMigration.migrate`."""
        self.database.migrate(report)

    def check(self) -> Sequence[Finding]:
        """As `SupportsCheck.check`."""
        return self.database.check()

    @property
    def patience_seconds(self) -> float:
        """As `SupportsPatience.patience_seconds`."""
        return self.database.patience_seconds

    def patience(self, seconds: float) -> AbstractContextManager[None]:
        """As `SupportsPatience.patience`."""
        return self.database.patience(seconds)

    @override
    def dispose(self) -> None:
        self.database.dispose()
