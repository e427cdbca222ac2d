"""FileManagerConformance: what it means to keep files for ops."""

import io
import tempfile
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from runrack.errors import InvalidArgumentError
from runrack.interfaces.file_manager import FileHandle, FileManager
from runrack.testing.conformance.suite import ConformanceSuite

EVERY_BYTE = bytes(range(256))
BIG = EVERY_BYTE * 20_000
TEXT = "añ日🚀\r\nsecond line\n"


class ForeignFileHandle(FileHandle):
    """A handle of no file manager that there is."""

    @property
    @override
    def path_desc(self) -> str:
        return "nowhere"


class BreakingFile(io.BytesIO):
    """A file that can be read once and not again."""

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError("the disk is gone")
        return super().read(1)


class FileManagerConformance(ConformanceSuite[Any]):
    """The tests for a file manager. An implementer supplies the two methods below."""

    @abstractmethod
    def make_manager(self, tmp_path: Path) -> FileManager:
        """Return a new file manager; `tmp_path` is an empty folder of the test's own."""

    @abstractmethod
    def delete_file(self, file_handle: FileHandle) -> None:
        """Remove the file of a handle without the file manager's help."""

    @abstractmethod
    def count_files(self, tmp_path: Path) -> int:
        """Return how many files, whole or not, the manager made for `tmp_path` keeps."""

    @override
    def make_storage(self, tmp_path: Path) -> FileManager:
        return self.make_manager(tmp_path)

    @pytest.fixture
    def manager(self, tmp_path: Path) -> FileManager:
        """A new file manager."""
        return self.make_manager(tmp_path)

    @pytest.mark.parametrize("data", [b"", b"foo", EVERY_BYTE, BIG], ids=["empty", "short", "every", "big"])
    def test_bytes_are_kept(self, manager: FileManager, data: bytes) -> None:
        """What `write_data` stores, `read_data` and `read` give back.

        Look at the mode in which the file is opened, and at the empty content.
        """
        handle = manager.write_data(data)
        assert manager.read_data(handle) == data
        with manager.read(handle) as stream:
            assert stream.read() == data

    def test_a_stream_is_read_to_be_closed_by_the_caller(self, manager: FileManager) -> None:
        """`read` gives an open stream, also without `with`; reading can go in pieces.

        Look at what `read` returns: an open file, not a context manager that closes it.
        """
        stream = manager.read(manager.write_data(b"foobar"))
        assert (stream.read(3), stream.read()) == (b"foo", b"bar")
        stream.close()

    def test_bytes_are_read_by_default(self, manager: FileManager) -> None:
        """Without a mode, reading gives bytes, and writing takes them.

        Look at the default of `mode` in `read` and `write`.
        """
        handle = manager.write(io.BytesIO(b"foo"))
        with manager.read(handle) as stream:
            assert stream.read() == b"foo"

    def test_text_is_kept_in_utf_8(self, manager: FileManager) -> None:
        """Text is stored in UTF-8 and read back as it was, with the line ends that it had.

        Look at the encoding and at `newline=""`, in writing and in reading.
        """
        handle = manager.write(io.StringIO(TEXT, newline=""), mode="w")
        assert manager.read_data(handle) == TEXT.encode()
        with manager.read(handle, mode="r") as stream:
            assert stream.read() == TEXT

    def test_writing_begins_at_the_position(self, manager: FileManager) -> None:
        """A file is stored from where it stands, and is not closed.

        Look for a `seek(0)`, and for a `with` around a file that is the caller's.
        """
        source = io.BytesIO(b"foobar")
        source.seek(3)
        assert manager.read_data(manager.write(source)) == b"bar"
        assert not source.closed

    def test_a_big_file_is_copied_in_pieces(self, manager: FileManager) -> None:
        """A file is never read whole.

        Look for a `read()` without a size: copy in pieces of some hundred KiB.
        """

        class Measured(io.BytesIO):
            @override
            def read(self, size: int | None = -1, /) -> bytes:
                assert size is not None
                assert 0 < size < len(BIG)
                return super().read(size)

        assert manager.read_data(manager.write(Measured(BIG))) == BIG

    def test_an_open_file_is_written(self, manager: FileManager, tmp_path: Path) -> None:
        """A file of the file system is as good as one in memory.

        Look at checks of the file's class: go by what it can do.
        """
        path = tmp_path / "source"
        path.write_bytes(EVERY_BYTE)
        with path.open("rb") as file:
            assert manager.read_data(manager.write(file)) == EVERY_BYTE

    def test_every_write_makes_a_new_file(self, manager: FileManager, tmp_path: Path) -> None:
        """The same content written twice is two files with two handles.

        Look at how a file gets its name: a new one for each write, not one made from the content.
        """
        first, second = manager.write_data(b"foo"), manager.write_data(b"foo")
        assert first.path_desc != second.path_desc
        assert self.count_files(tmp_path) == 2

    @pytest.mark.parametrize("ext", ["txt", ".txt"])
    def test_an_extension_has_one_dot(self, manager: FileManager, ext: str) -> None:
        """An extension means the same with and without its dot.

        Look at how name and extension are joined when the extension begins with a dot.
        """
        for handle in (
            manager.write_data(b"foo", ext=ext),
            manager.write(io.StringIO("foo"), mode="w", ext=ext),
        ):
            assert handle.path_desc.endswith(".txt")
            assert not handle.path_desc.endswith("..txt")

    def test_without_an_extension_there_is_none(self, manager: FileManager) -> None:
        """A file has no extension unless one is given.

        Look at the name of a file whose `ext` is None, and at a default extension.
        """
        assert "." not in manager.write_data(b"foo").path_desc.rpartition("/")[2]

    def test_an_extension_may_have_parts(self, manager: FileManager) -> None:
        """`tar.gz` is an extension.

        Look at the check of extensions: a dot in the middle is allowed.
        """
        assert manager.write_data(b"foo", ext="tar.gz").path_desc.endswith(".tar.gz")

    @pytest.mark.parametrize("ext", ["", ".", "..", "a/b", "../a", "a\0", "a b", "..txt", "x" * 300, "ü", 7])
    def test_an_extension_is_plain(self, manager: FileManager, tmp_path: Path, ext: str) -> None:
        """What leads elsewhere, or is no name, is no extension; nothing is stored.

        Look at the check of extensions: it comes before a file is made.
        """
        with pytest.raises(InvalidArgumentError):
            manager.write_data(b"foo", ext=ext)
        assert self.count_files(tmp_path) == 0

    @pytest.mark.parametrize(
        ("make_file", "mode"),
        [
            # Made anew for each test: a suite before this one has read what it was given.
            (lambda: io.StringIO("text"), "wb"),
            (lambda: io.BytesIO(b"bytes"), "w"),
            (lambda: io.BytesIO(b"bytes"), "a"),
            (lambda: io.BytesIO(b"bytes"), "rb"),
            (lambda: b"bytes", "wb"),
            (lambda: "text", "w"),
            (lambda: None, "wb"),
        ],
    )
    def test_what_does_not_fit_is_not_written(
        self, manager: FileManager, tmp_path: Path, make_file: Callable[[], Any], mode: str
    ) -> None:
        """The object is open for reading and of the kind that the mode says; otherwise no file is left.

        Look at the check of mode and first piece: text or bytes, before anything is stored, or tidied up after it.
        """
        with pytest.raises(InvalidArgumentError):
            manager.write(make_file(), mode=mode)
        assert self.count_files(tmp_path) == 0

    @pytest.mark.parametrize("data", ["text", bytearray(b"foo"), None])
    def test_only_bytes_are_data(self, manager: FileManager, data: bytes) -> None:
        """`write_data` takes bytes.

        Look at the check of the argument of `write_data`.
        """
        with pytest.raises(InvalidArgumentError):
            manager.write_data(data)

    def test_a_write_that_fails_leaves_nothing(self, manager: FileManager, tmp_path: Path) -> None:
        """When the source breaks halfway, its error goes to the caller and no file is left.

        Look at the `except` around copying: remove the half file, then raise again.
        """
        with pytest.raises(OSError, match="the disk is gone"):
            manager.write(BreakingFile(b"foo"))
        assert self.count_files(tmp_path) == 0

    @pytest.mark.parametrize("mode", ["w", "a", "r+", "rt", "", "b"])
    def test_reading_knows_two_modes(self, manager: FileManager, mode: str) -> None:
        """A file is read with "rb" or "r", and is refused at once with another mode.

        Look at the check of the mode: it is made by `read` itself, not by the first read of the stream.
        """
        handle = manager.write_data(b"foo")
        with pytest.raises(InvalidArgumentError):
            manager.read(handle, mode=mode)

    def test_a_foreign_handle_is_refused(self, manager: FileManager) -> None:
        """A handle of another kind of file manager, or no handle, cannot be read.

        Look at the check of the handle's class in all three methods.
        """
        for use in (manager.read, manager.read_data, manager.copy_handle_to_local_temp):
            for handle in (ForeignFileHandle(), "path", None):
                with pytest.raises(InvalidArgumentError):
                    use(handle)  # type: ignore[arg-type]

    def test_a_missing_file_is_not_found(self, manager: FileManager) -> None:
        """A handle whose file is gone gives FileNotFoundError.

        Look at the error of the store for what is not there: translate it to FileNotFoundError.
        """
        handle = manager.write_data(b"foo")
        self.delete_file(handle)
        for use in (manager.read, manager.read_data, manager.copy_handle_to_local_temp):
            with pytest.raises(FileNotFoundError):
                use(handle)

    def test_a_copy_is_where_temporary_files_are(self, manager: FileManager) -> None:
        """A local copy has the same bytes and lies below the folder that `tempfile` uses; each call makes another.

        Look at the folder of copies, and at a cache that gives the same copy twice.
        """
        handle = manager.write_data(BIG, ext="bin")
        paths = [Path(manager.copy_handle_to_local_temp(handle)) for _ in range(2)]
        assert [path.read_bytes() for path in paths] == [BIG, BIG]
        assert [Path(tempfile.gettempdir()) in path.parents for path in paths] == [True, True]
        assert paths[0] != paths[1]
        manager.delete_local_temp()

    def test_copies_are_deleted_and_files_stay(self, manager: FileManager) -> None:
        """`delete_local_temp` removes every copy, also when some are gone already, and can be repeated.

        Look at which paths are deleted, at ones that are gone already, and at the list that is emptied.
        """
        handle = manager.write_data(b"foo")
        paths = [Path(manager.copy_handle_to_local_temp(handle)) for _ in range(3)]
        paths[0].unlink()
        manager.delete_local_temp()
        manager.delete_local_temp()
        assert [path.exists() for path in paths] == [False] * 3
        assert manager.read_data(handle) == b"foo"
