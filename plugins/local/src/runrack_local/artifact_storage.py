"""LocalArtifactStorage: an instance's folder on this machine; TemporaryLocalArtifactStorage: one that goes with it."""

import os
import shutil
import tempfile
import threading
import weakref
from abc import ABC
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typing_extensions import override

from runrack.config.vocabulary import Field, StringSource
from runrack.errors import InvalidArgumentError, InvariantViolationError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.artifact_storage import ArtifactStorage
from runrack.records.safe_name import to_safe_name


class _ArtifactFolder(ArtifactStorage, ABC):
    """How things lie below the folder of an instance."""

    @property
    @override
    def storage_dir(self) -> str:
        return str(Path(self.base_dir, "storage"))

    @property
    @override
    def schedules_dir(self) -> str:
        return str(Path(self.base_dir, "schedules"))

    @override
    def file_manager_dir(self, run_id: str) -> str:
        return str(Path(self.storage_dir, to_safe_name(run_id), "files"))


class LocalArtifactStorage(_ArtifactFolder, ConfigurableClass):
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
        self._inst_data = inst_data

    @property
    @override
    def base_dir(self) -> str:
        return self._base_dir

    @property
    @override
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {"base_dir": Field(StringSource, description="Folder of the instance.", is_secret=False)}

    @classmethod
    @override
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Any:
        return cls(inst_data=inst_data, **config_value)


class TemporaryLocalArtifactStorage(_ArtifactFolder):
    """Keeps the files of an instance that is not meant to stay.

    - The folder is made when it is first asked for, private to the user, where `tempfile` puts things.
    - It is removed on `dispose`, or else with the object; never by a process that was forked off meanwhile.
    """

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._base_dir: str | None = None
        self._remove: Callable[[], object] | None = None
        self._is_disposed = False

    @property
    @override
    def base_dir(self) -> str:
        with self._making:
            if self._is_disposed:
                raise InvariantViolationError("this temporary folder was removed with its instance")
            if self._base_dir is None:
                self._base_dir = tempfile.mkdtemp(prefix="runrack-")
                self._remove = weakref.finalize(self, _remove_folder, self._base_dir, os.getpid())
            return self._base_dir

    @override
    def dispose(self) -> None:
        with self._making:
            self._is_disposed = True
        if self._remove is not None:
            self._remove()


def _remove_folder(path: str, owner_pid: int) -> None:
    if os.getpid() == owner_pid:
        shutil.rmtree(path, ignore_errors=True)
