"""FileManager: lets ops read and write files without knowing where they lie."""

from abc import ABC, abstractmethod
from typing import IO, Any


class FileHandle(ABC):
    """A reference to a stored file, small enough to be passed between steps."""

    @property
    @abstractmethod
    def path_desc(self) -> str:
        """The file's place, for people only."""


class FileManager(ABC):
    """Reads and writes files by handle. Every write makes a new file; nothing is ever overwritten."""

    @abstractmethod
    def copy_handle_to_local_temp(self, file_handle: FileHandle) -> str:
        """Return the path of a new temporary copy, below the folder that `tempfile` uses.

        - Each call makes another copy. Copies are for the step that made them, not to be passed on.

        Raises:
            InvalidArgumentError: The handle is of another kind of file manager.
            FileNotFoundError: The file is gone.
        """

    @abstractmethod
    def delete_local_temp(self) -> None:
        """Remove all temporary copies made so far; the files stay. Harmless when repeated."""

    @abstractmethod
    def read(self, file_handle: FileHandle, mode: str = "rb") -> IO[Any]:
        """Return an open stream of the file: bytes with "rb", text in UTF-8 with "r". The caller closes it.

        Raises:
            InvalidArgumentError: Another mode, or a handle of another kind of file manager.
            FileNotFoundError: The file is gone.
        """

    @abstractmethod
    def read_data(self, file_handle: FileHandle) -> bytes:
        """Return the whole content. Raises as `read`."""

    @abstractmethod
    def write(self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None) -> FileHandle:
        """Store what `file_obj` holds from its current position on, and return the new file's handle.

        - `mode` is "wb" for a binary object, "w" for text, which is stored in UTF-8.
        - `ext` becomes the extension; "txt" and ".txt" mean the same.
        - All or nothing: when reading fails halfway, no file is left.

        Raises:
            InvalidArgumentError: The object is not file-like, does not fit the mode, or `ext` is not a plain extension.
        """

    @abstractmethod
    def write_data(self, data: bytes, ext: str | None = None) -> FileHandle:
        """Store bytes and return the new file's handle. `ext` as in `write`.

        Raises:
            InvalidArgumentError: `data` is no bytes.
        """
