"""ContainedFolder: files below one folder, reached name by name, so that no link inside leads out of it."""

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NoReturn

from runrack.errors import UnsafePathError

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_HEAD_OF_HIDDEN = 200  # bytes: leaves room for what makes the name unique


class ContainedFolder:
    """A folder that only its owner can read, and whose content is reached without following any link in it.

    - The folder itself may be a link, or lie below one: where it lies is the operator's choice.
    - It is made when first written to, as are the folders in it.
    - `names` are single names, outermost first. Whoever gets them from outside makes them safe first.

    Attributes:
        path: The folder: absolute.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self._path = str(self.path)

    @contextmanager
    def enter(self, names: Sequence[str] = (), *, create: bool = False) -> Iterator[int]:
        """Return a context that gives the descriptor of a folder in this one, or of this one.

        Args:
            names: The way to the folder.
            create: Whether missing folders are made.

        Raises:
            FileNotFoundError: A folder is missing, and `create` does not say to make it.
            UnsafePathError: The way leads through a link.
        """
        descriptor = self._open_itself(create=create)
        try:
            for name in names:
                parent, descriptor = descriptor, self._open_folder(name, descriptor, create=create)
                os.close(parent)
            yield descriptor
        finally:
            os.close(descriptor)

    def open_file(self, names: Sequence[str], flags: int) -> int:
        """Return the descriptor of a file, opened with `flags`; with `O_CREAT` among them, what is missing is made.

        Raises:
            FileNotFoundError: The file, or a folder on the way, is missing.
            UnsafePathError: The file is a link, or the way leads through one.
        """
        *folders, name = names
        with self.enter(folders, create=bool(flags & os.O_CREAT)) as folder:
            return self.open_in(folder, name, flags)

    def open_in(self, folder: int, name: str, flags: int) -> int:
        """Return the descriptor of a file in a folder that was entered, opened with `flags`.

        Raises:
            FileNotFoundError: The file is missing; or the folder has been removed meanwhile.
            UnsafePathError: The file is a link.
        """
        try:
            return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE_FILE, dir_fd=folder)
        except OSError as error:
            self._refuse_link(name, folder, error)

    def path_of(self, names: Sequence[str]) -> str:
        """Return the path of a file in this folder, whether it exists or not."""
        return os.path.join(self._path, *names)  # noqa: PTH118 - called for each value of a run; pathlib costs ten times as much

    @contextmanager
    def reading(self, names: Sequence[str]) -> Iterator[IO[bytes]]:
        """Return a context that gives a file to be read.

        Raises:
            FileNotFoundError: The file, or a folder on the way, is missing.
            UnsafePathError: The file is a link, or the way leads through one.
        """
        with os.fdopen(self.open_file(names, os.O_RDONLY), "rb") as file:
            yield file

    def create_file(self, name: str, pieces: Iterable[bytes | memoryview]) -> None:
        """Make a file directly in this folder: it appears with its whole content, or not at all."""
        with self.new_file([name]) as file:
            file.writelines(pieces)

    @contextmanager
    def new_file(self, names: Sequence[str]) -> Iterator[IO[bytes]]:
        """Return a context that gives a file to be written; when it ends well, the file takes the place of an older one.

        - Nobody sees the file before, and nobody a part of it.
        - A process that is killed meanwhile may leave a hidden file, which ends in `.tmp`.
        """
        *folders, name = names
        hidden = f".{name[:_HEAD_OF_HIDDEN]}.{secrets.token_hex(4)}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with self.enter(folders, create=True) as folder:
            descriptor = os.open(hidden, flags, _PRIVATE_FILE, dir_fd=folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    yield file
                os.rename(hidden, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                os.unlink(hidden, dir_fd=folder)
                raise

    def _open_itself(self, *, create: bool) -> int:
        try:
            return os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            if not create:
                raise
        _make_private_folder(self.path)
        return os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)

    def _open_folder(self, name: str, parent: int, *, create: bool) -> int:
        try:
            return os.open(name, _FOLDER_FLAGS, dir_fd=parent)
        except FileNotFoundError:
            if not create:
                raise
        except OSError as error:
            self._refuse_link(name, parent, error)
        with suppress(FileExistsError):
            os.mkdir(name, _PRIVATE_FOLDER, dir_fd=parent)
        return self._open_folder(name, parent, create=False)

    def _refuse_link(self, name: str, parent: int, error: OSError) -> NoReturn:
        if not _is_link(name, parent):
            raise error
        raise UnsafePathError(
            f"{name!r} in {self.path} is a symbolic link; links are not followed there. Remove it"
        ) from error


def _make_private_folder(path: Path) -> None:
    if path.is_dir():
        return
    _make_private_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=_PRIVATE_FOLDER)


def _is_link(name: str, parent: int) -> bool:
    with suppress(OSError):
        return stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    return False
