"""DuckdbPart: what all storages of this plugin are configured with."""

from pathlib import Path
from typing import Any, ClassVar

from runrack.config.vocabulary import Field, StringSource
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack_sql.part import SqlPart
from typing_extensions import override

from runrack_duckdb.database import DuckdbDatabase


class DuckdbPart(SqlPart, ConfigurableClass):
    """A storage in one file of the folder `base_dir`.

    Args:
        base_dir: The folder; made when it is missing.
        inst_data: What the storage was built from.

    Attributes:
        FILE_NAME: What the file is called.
    """

    FILE_NAME: ClassVar[str]

    def __init__(self, base_dir: str | Path, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        file = Path(base_dir).expanduser().absolute() / self.FILE_NAME
        super().__init__(DuckdbDatabase(file))

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {"base_dir": Field(StringSource, description="The folder of the file.", is_secret=False)}
