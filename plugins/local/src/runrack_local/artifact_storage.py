"""LocalArtifactStorage: an instance's folder on this machine."""

from pathlib import Path
from typing import Any

from typing_extensions import override

from runrack.config.vocabulary import Field, StringSource
from runrack.errors import InvalidArgumentError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.artifact_storage import ArtifactStorage
from runrack.records.safe_name import to_safe_name


class LocalArtifactStorage(ArtifactStorage, ConfigurableClass):
    """Keeps an instance's files below one folder of this machine.

    Args:
        base_dir: The folder; a relative path is relative to where the process stands now.
        inst_data: What the object is built from.

    Raises:
        InvalidArgumentError: `base_dir` is not a string.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        if not isinstance(base_dir, str):
            raise InvalidArgumentError(f"base_dir is a string, not {type(base_dir).__name__}")
        self._base_dir = str(Path(base_dir).absolute())
        self._storage_dir = str(Path(self._base_dir, "storage"))
        self._inst_data = inst_data

    @property
    @override
    def base_dir(self) -> str:
        return self._base_dir

    @property
    @override
    def storage_dir(self) -> str:
        return self._storage_dir

    @property
    @override
    def schedules_dir(self) -> str:
        return str(Path(self.base_dir, "schedules"))

    @override
    def file_manager_dir(self, run_id: str) -> str:
        return str(Path(self.storage_dir, to_safe_name(run_id), "files"))

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {"base_dir": Field(StringSource, description="Folder of the instance.", is_secret=False)}
