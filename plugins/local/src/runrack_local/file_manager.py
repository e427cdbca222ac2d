"""LocalFileManager: the files that ops write, in a folder of this machine."""

import errno
import io
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from typing_extensions import override

from runrack.config.vocabulary import Field, StringSource
from runrack.errors import InvalidArgumentError, UnsafePathError, with_article
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.file_content import PIECE_LENGTH, data_pieces, read_pieces, suffix_of
from runrack.interfaces.file_manager import FileHandle, FileManager
from runrack.interfaces.part import InstanceServices
from runrack_local.contained_folder import ContainedFolder


@dataclass(frozen=True)
class LocalFileHandle(FileHandle):
    """A file on this machine, whether it exists or not. Handles of the same path are equal.

    Attributes:
        path: The file's path.

    Raises:
        InvalidArgumentError: `path` is not a string.
    """

    path: str

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            raise InvalidArgumentError(f"path is a string, not {type(self.path).__name__}")

    @property
    @override
    def path_desc(self) -> str:
        return self.path


class LocalFileManager(FileManager, ConfigurableClass):
    """Keeps files below one folder of this machine, each under a new name.

    - The folder is made when first written to. Files and folders are for their owner only.
    - A file appears under its name when it is whole. It survives the end of the process, however that ends.
    - A handle that points out of the folder is refused, and so is a way through a symbolic link in it.
    - Text is read as it was written: line ends are left alone.

    Args:
        base_dir: The folder.
        inst_data: What the object is built from.

    Raises:
        InvalidArgumentError: `base_dir` is not a string.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        if not isinstance(base_dir, str):
            raise InvalidArgumentError(f"base_dir is a string, not {type(base_dir).__name__}")
        self._folder = ContainedFolder(base_dir)
        self._inst_data = inst_data
        self._copies: list[str] = []

    @classmethod
    def for_instance(cls, instance: InstanceServices, run_id: str) -> "LocalFileManager":
        """Return the file manager of one run of an instance."""
        return cls(instance.artifact_storage.file_manager_dir(run_id))

    @property
    def base_dir(self) -> str:
        """The folder: absolute."""
        return str(self._folder.path)

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {"base_dir": Field(StringSource, description="Folder of the files.", is_secret=False)}

    @override
    def copy_handle_to_local_temp(self, file_handle: FileHandle) -> str:
        with self.read(file_handle) as source:
            descriptor, path = tempfile.mkstemp(prefix="runrack-", suffix=Path(file_handle.path_desc).suffix)
            self._copies.append(path)
            with os.fdopen(descriptor, "wb") as copy:
                shutil.copyfileobj(source, copy, PIECE_LENGTH)
        return path

    @override
    def delete_local_temp(self) -> None:
        copies, self._copies = self._copies, []
        for path in copies:
            Path(path).unlink(missing_ok=True)

    @override
    def read(self, file_handle: FileHandle, mode: str = "rb") -> IO[Any]:
        if mode not in {"rb", "r"}:
            raise InvalidArgumentError('a file is read with mode "rb" (bytes) or "r" (text)')
        stream = os.fdopen(self._open(file_handle), "rb")
        return stream if mode == "rb" else io.TextIOWrapper(stream, "utf-8", newline="")

    @override
    def read_data(self, file_handle: FileHandle) -> bytes:
        with self.read(file_handle) as stream:
            data: bytes = stream.read()
        return data

    @override
    def write(self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None) -> LocalFileHandle:
        return self._store(read_pieces(file_obj, mode), ext)

    @override
    def write_data(self, data: bytes, ext: str | None = None) -> LocalFileHandle:
        return self._store(data_pieces(data), ext)

    def _store(self, pieces: Iterable[bytes | memoryview], ext: str | None) -> LocalFileHandle:
        name = f"{uuid4()}{suffix_of(ext)}"
        self._folder.create_file(name, pieces)
        return LocalFileHandle(str(self._folder.path / name))

    def _open(self, file_handle: FileHandle) -> int:
        if not isinstance(file_handle, LocalFileHandle):
            raise InvalidArgumentError(
                f"a local file manager reads a LocalFileHandle, not {with_article(type(file_handle).__name__)}"
            )
        try:
            return self._folder.open_file(self._names_of(file_handle), os.O_RDONLY)
        except FileNotFoundError as error:
            raise FileNotFoundError(errno.ENOENT, "this file is gone", file_handle.path) from error

    def _names_of(self, file_handle: LocalFileHandle) -> tuple[str, ...]:
        path = Path(os.path.abspath(file_handle.path))  # noqa: PTH100 - unlike pathlib, this removes `..`
        if self._folder.path not in path.parents or "\0" in file_handle.path:
            raise UnsafePathError(
                f"{file_handle.path!r} does not lie in {self.base_dir}: a file manager reads only files of its own"
            )
        return path.relative_to(self._folder.path).parts
