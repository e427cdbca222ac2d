"""LedgerScheduleStorage: what an operator chooses in `runrack.yaml`."""

from pathlib import Path
from typing import Any

from typing_extensions import override

from runrack.config.vocabulary import Field, StringSource
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack_ledger.claims import LedgerTickClaims
from runrack_ledger.file import LedgerFile
from runrack_ledger.states import LedgerStates
from runrack_ledger.ticks import LedgerTicks


class LedgerScheduleStorage(LedgerTickClaims, LedgerStates, LedgerTicks, ConfigurableClass):
    """Keeps instigator states and ticks in the file `ledger.db` of a folder.

    Args:
        base_dir: The folder; made when it is missing.
        inst_data: What the storage was built from.
    """

    def __init__(self, base_dir: str | Path, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._file = LedgerFile(Path(base_dir).expanduser().absolute() / "ledger.db")

    @override
    def wipe(self) -> None:
        with self._file.writing() as conn:
            conn.execute("DELETE FROM states")
            conn.execute("DELETE FROM ticks")

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {"base_dir": Field(StringSource, description="The folder of the file.", is_secret=False)}
