"""ObjectStoreFileManager: a file manager over any store that the driver knows; a subclass says how to open its own."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, ClassVar, Generic, TypeVar
from uuid import uuid4

from obstore.store import ObjectStoreMethods
from typing_extensions import Buffer, override

from runrack.errors import InvalidArgumentError, UnsafePathError, with_article
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.file_content import data_pieces, read_pieces, suffix_of
from runrack.interfaces.file_manager import FileHandle, FileManager
from runrack_objectstore.object_key import clean_prefix, lies_below
from runrack_objectstore.object_reader import ObjectReader
from runrack_objectstore.upload import upload

_COPY_LENGTH = 1 << 20


@dataclass(frozen=True)
class ObjectHandle(FileHandle):
    """An object, whether it exists or not. Handles of one kind with the same bucket and key are equal.

    Attributes:
        scheme: What its address begins with.
        bucket: The bucket.
        key: The key in the bucket.

    Raises:
        InvalidArgumentError: `bucket` or `key` is not a string.
    """

    scheme: ClassVar[str]

    bucket: str
    key: str

    def __post_init__(self) -> None:
        for name in ("bucket", "key"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise InvalidArgumentError(f"{name} is a string, not {type(value).__name__}")

    @property
    @override
    def path_desc(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}"


HandleT = TypeVar("HandleT", bound=ObjectHandle)


class ObjectStoreFileManager(FileManager, ConfigurableClass, Generic[HandleT]):
    """Keeps files as objects below one prefix of a bucket, each under a new key.

    - An object appears when it is whole. It survives the end of the process, however that ends.
    - A handle that points out of the bucket or the prefix is refused.
    - Streams can be sought in, and hold a few MiB of a file at most, whatever its size.
    - Text is read as it was written: line ends are left alone.
    - It is for one process, and not for those that are forked from it.

    Args:
        store: The bucket, opened.
        handle_class: The handles that it gives, and takes.
        bucket: Name of the bucket.
        prefix: What all keys begin with; slashes around it do not matter, and none stands for the whole bucket.
        inst_data: What the object is built from.

    Raises:
        InvalidArgumentError: `prefix` is no sequence of names.
    """

    def __init__(
        self,
        store: ObjectStoreMethods,
        handle_class: type[HandleT],
        bucket: str,
        prefix: str,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._store = store
        self._handle_class = handle_class
        self._bucket = bucket
        self._prefix = clean_prefix(prefix)
        self._inst_data = inst_data
        self._copies: list[str] = []

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self._bucket

    @property
    def prefix(self) -> str:
        """What all keys begin with: without slashes around it."""
        return self._prefix

    @override
    def copy_handle_to_local_temp(self, file_handle: FileHandle) -> str:
        with self.read(file_handle) as source:
            suffix = PurePosixPath(self._key_of(file_handle)).suffix
            descriptor, path = tempfile.mkstemp(prefix="runrack-", suffix=suffix)
            self._copies.append(path)
            with os.fdopen(descriptor, "wb") as copy:
                shutil.copyfileobj(source, copy, _COPY_LENGTH)
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
        key = self._key_of(file_handle)
        stream = io.BufferedReader(ObjectReader(self._store, key, file_handle.path_desc), _COPY_LENGTH)
        return stream if mode == "rb" else io.TextIOWrapper(stream, "utf-8", newline="")

    @override
    def read_data(self, file_handle: FileHandle) -> bytes:
        with self.read(file_handle) as stream:
            data: bytes = stream.read()
        return data

    @override
    def write(self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None) -> HandleT:
        return self._keep(read_pieces(file_obj, mode), ext)

    @override
    def write_data(self, data: bytes, ext: str | None = None) -> HandleT:
        return self._keep(data_pieces(data), ext)

    def _keep(self, pieces: Iterable[Buffer], ext: str | None) -> HandleT:
        name = f"{uuid4()}{suffix_of(ext)}"
        handle = self._handle_class(self._bucket, f"{self._prefix}/{name}" if self._prefix else name)
        upload(self._store, handle.key, handle.path_desc, pieces)
        return handle

    def _key_of(self, file_handle: FileHandle) -> str:
        if not isinstance(file_handle, self._handle_class):
            raise InvalidArgumentError(
                f"this file manager reads {with_article(self._handle_class.__name__)}, not {with_article(type(file_handle).__name__)}"
            )
        if file_handle.bucket != self._bucket or not lies_below(file_handle.key, self._prefix):
            own = self._handle_class(self._bucket, self._prefix).path_desc
            raise UnsafePathError(
                f"{file_handle.path_desc!r} does not lie in {own}: a file manager reads only files of its own"
            )
        return file_handle.key
