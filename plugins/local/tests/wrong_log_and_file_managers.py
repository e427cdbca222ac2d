"""Managers that are wrong on purpose, each with the suite that has to reject it; run by test_suites_reject.py."""

import hashlib
import io
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from runrack.interfaces.compute_log_manager import CapturedLogContext, ComputeIOType
from runrack.testing.conformance.compute_log_manager import ComputeLogManagerConformance
from runrack.testing.conformance.file_manager import FileManagerConformance
from runrack.testing.wrong_implementations import suites_of
from runrack_local import LocalComputeLogManager, LocalFileHandle, LocalFileManager


class ForgetsEarlierCaptures(LocalComputeLogManager):
    """A second capture removes the first."""

    def capture_logs(self, log_key):
        self.delete_logs(log_key=log_key)
        return super().capture_logs(log_key)


class IsCompleteTooSoon(LocalComputeLogManager):
    """A log is complete as soon as it exists."""

    def is_capture_complete(self, log_key):
        return self.get_log_data(log_key).stdout is not None


class StaysCompleteWhileCapturedAgain(LocalComputeLogManager):
    """The mark of the first capture stays during the second."""

    @contextmanager
    def capture_logs(self, log_key):
        was_complete = self.is_capture_complete(log_key)
        with super().capture_logs(log_key) as context:
            if was_complete:
                self._mark_complete(tuple(log_key))
            yield context


class CompletesOnAddedBytes(LocalComputeLogManager):
    """Adding to a stream counts as a capture."""

    @contextmanager
    def open_log_stream(self, log_key, io_type):
        with super().open_log_stream(log_key, io_type) as stream:
            yield stream
        self._mark_complete(tuple(log_key))


class CapturesOnlyPython(LocalComputeLogManager):
    """Only what goes through `sys.stdout` and `sys.stderr` is captured."""

    @contextmanager
    def capture_logs(self, log_key):
        texts = {ComputeIOType.STDOUT: io.StringIO(), ComputeIOType.STDERR: io.StringIO()}
        with redirect_stdout(texts[ComputeIOType.STDOUT]), redirect_stderr(texts[ComputeIOType.STDERR]):
            yield CapturedLogContext(tuple(log_key))
        for io_type, text in texts.items():
            with self.open_log_stream(log_key, io_type) as stream:
                stream.write(text.getvalue().encode())
        self._mark_complete(tuple(log_key))


class ReadsTwistedly(LocalComputeLogManager):
    """A base for managers that read wrongly in one way."""

    def get_log_data_for_type(self, log_key, io_type, offset=0, max_bytes=None):
        return self.twist(log_key, io_type, offset, max_bytes)

    def read(self, *args):
        """Read rightly."""
        return super().get_log_data_for_type(*args)


class IgnoresTheCap(ReadsTwistedly):
    """`max_bytes` has no effect."""

    def twist(self, log_key, io_type, offset, max_bytes):
        return self.read(log_key, io_type, offset, None if max_bytes is None or max_bytes >= 0 else max_bytes)


class TakesNegativeOffsets(ReadsTwistedly):
    """An offset below zero is taken as zero."""

    def twist(self, log_key, io_type, offset, max_bytes):
        return self.read(log_key, io_type, max(0, offset), max_bytes)


class SaysWhereTheLogEnds(ReadsTwistedly):
    """Past the end, the offset jumps back to the end."""

    def twist(self, log_key, io_type, offset, max_bytes):
        whole, size = self.read(log_key, io_type, 0, None)
        data, end = self.read(log_key, io_type, offset, max_bytes)
        return data, end if whole is None else min(end, size)


class GivesNothingForNoLog(ReadsTwistedly):
    """A missing log reads as an empty one."""

    def twist(self, log_key, io_type, offset, max_bytes):
        data, end = self.read(log_key, io_type, offset, max_bytes)
        return data or b"", end


class CleansText(ReadsTwistedly):
    """Bytes that are no UTF-8 are replaced."""

    def twist(self, log_key, io_type, offset, max_bytes):
        data, end = self.read(log_key, io_type, offset, max_bytes)
        return data and data.decode("utf-8", "replace").encode(), end


class IgnoresCase(LocalComputeLogManager):
    """Keys that differ in case share a log."""

    def open_log_stream(self, log_key, io_type):
        return super().open_log_stream([str(part).lower() for part in log_key], io_type)

    def get_log_data_for_type(self, log_key, io_type, offset=0, max_bytes=None):
        return super().get_log_data_for_type([part.lower() for part in log_key], io_type, offset, max_bytes)


class DeletesByTheBeginningOfText(LocalComputeLogManager):
    """The prefix `a` takes `apple` along."""

    def delete_logs(self, log_key=None, prefix=None):
        super().delete_logs(log_key, prefix)
        if prefix and prefix[0].isalpha():
            for path in Path(self.base_dir).glob(f"{prefix[0]}*/*.out"):
                path.unlink()


class DeletesOnlyBelow(LocalComputeLogManager):
    """The log whose key is the prefix itself stays."""

    def _delete_below(self, prefix):
        whole = self.get_log_data(prefix).stdout if prefix else None
        super()._delete_below(prefix)
        if whole:
            with self.open_log_stream(prefix, ComputeIOType.STDOUT) as stream:
                stream.write(whole)


class DeletesAllByDefault(LocalComputeLogManager):
    """Deleting nothing in particular deletes everything."""

    def delete_logs(self, log_key=None, prefix=None):
        super().delete_logs(log_key, () if log_key is None and prefix is None else prefix)


class KeepsTheMark(LocalComputeLogManager):
    """A deleted log stays complete."""

    def delete_logs(self, log_key=None, prefix=None):
        was_complete = log_key is not None and self.is_capture_complete(log_key)
        super().delete_logs(log_key, prefix)
        if was_complete:
            self._mark_complete(tuple(log_key))


class DeliversFromTheBeginning(LocalComputeLogManager):
    """A subscription ignores its cursor, but not that it is malformed."""

    def subscribe(self, log_key, observer, cursor=None):
        self.get_log_data(log_key, cursor, 0)
        return super().subscribe(log_key, observer)


class StoresEqualContentOnce(LocalFileManager):
    """The same content has the same name."""

    def _store(self, pieces, ext):
        handle = super()._store(pieces, ext)
        path = Path(handle.path)
        same = path.with_name(hashlib.sha256(path.read_bytes()).hexdigest() + "".join(path.suffixes))
        return LocalFileHandle(str(path.rename(same)))


class DoublesTheDot(LocalFileManager):
    """The extension `.txt` gives two dots."""

    def _store(self, pieces, ext):
        handle = super()._store(pieces, ext)
        if not str(ext).startswith("."):
            return handle
        path = Path(handle.path)
        return LocalFileHandle(str(path.rename(path.with_suffix("." + path.suffix))))


class LeavesHalfAFile(LocalFileManager):
    """What was copied before the source broke stays."""

    def write(self, file_obj, mode="wb", ext=None):
        try:
            return super().write(file_obj, mode, ext)
        except OSError:
            self.write_data(b"half")
            raise


class ReadsTheSourceWhole(LocalFileManager):
    """A binary source is read in one go."""

    def write(self, file_obj, mode="wb", ext=None):
        if mode == "wb" and isinstance(file_obj, io.BytesIO):
            file_obj = io.BytesIO(file_obj.read())
        return super().write(file_obj, mode, ext)


class Rewinds(LocalFileManager):
    """A source is stored from its beginning."""

    def write(self, file_obj, mode="wb", ext=None):
        if hasattr(file_obj, "seek"):
            file_obj.seek(0)
        return super().write(file_obj, mode, ext)


class ClosesTheSource(LocalFileManager):
    """A source is closed after it was stored."""

    def write(self, file_obj, mode="wb", ext=None):
        handle = super().write(file_obj, mode, ext)
        file_obj.close()
        return handle


class TranslatesLineEnds(LocalFileManager):
    """Text is read with other line ends than it was written with."""

    def read(self, file_handle, mode="rb"):
        stream = super().read(file_handle, mode)
        if mode != "r":
            return stream
        with stream:
            return io.StringIO(stream.read().replace("\r\n", "\n"))


class CopiesOnce(LocalFileManager):
    """A second copy is the first."""

    def copy_handle_to_local_temp(self, file_handle):
        self.read(file_handle).close()
        if not self._copies:
            super().copy_handle_to_local_temp(file_handle)
        return self._copies[0]


class KeepsCopies(LocalFileManager):
    """Temporary copies stay."""

    def delete_local_temp(self):
        self._copies = []


class DeletesFilesWithCopies(LocalFileManager):
    """Deleting temporary copies deletes the files as well."""

    def delete_local_temp(self):
        super().delete_local_temp()
        for path in Path(self.base_dir).iterdir():
            path.unlink()


class TakesAnyMode(LocalFileManager):
    """More than two modes can be read with."""

    def read(self, file_handle, mode="rb"):
        return super().read(file_handle, "r" if mode == "rt" else mode)


class ReturnsNoStream(LocalFileManager):
    """Reading gives a context, not a stream."""

    def read(self, file_handle, mode="rb"):
        stream = super().read(file_handle, mode)

        @contextmanager
        def context():
            with stream:
                yield stream

        return context()


class TakesForeignHandles(LocalFileManager):
    """A handle of another kind of file manager is an empty file."""

    def read(self, file_handle, mode="rb"):
        return super().read(file_handle, mode) if isinstance(file_handle, LocalFileHandle) else io.BytesIO()


class GivesNothingForAMissingFile(LocalFileManager):
    """A file that is gone is an empty file."""

    def read(self, file_handle, mode="rb"):
        try:
            return super().read(file_handle, mode)
        except FileNotFoundError:
            return io.BytesIO()


class StoresTextInUtf16(LocalFileManager):
    """Text is kept, though not as others read it."""

    def write(self, file_obj, mode="wb", ext=None):
        if mode == "w" and isinstance(file_obj, io.StringIO):
            return self.write_data(file_obj.read().encode("utf-16"), ext)
        return super().write(file_obj, mode, ext)

    def read(self, file_handle, mode="rb"):
        stream = super().read(file_handle, "rb" if mode == "r" else mode)
        return io.TextIOWrapper(stream, "utf-16", newline="") if mode == "r" else stream


class InsistsOnItsCopies(LocalFileManager):
    """A copy that somebody deleted is in the way of the others."""

    def delete_local_temp(self):
        for path in self._copies:
            Path(path).unlink()
        self._copies = []


class LogSuite(ComputeLogManagerConformance):
    """The suite of the class `wrong`."""

    def make_manager(self, tmp_path):
        return self.wrong(str(tmp_path / "logs"), polling_timeout=0.01)


class FileSuite(FileManagerConformance):
    """The suite of the class `wrong`."""

    def make_manager(self, tmp_path):
        return self.wrong(str(tmp_path / "files"))

    def delete_file(self, file_handle):
        Path(file_handle.path_desc).unlink()

    def count_files(self, tmp_path):
        return len(list((tmp_path / "files").glob("*")))


LOG_MANAGERS = {
    ForgetsEarlierCaptures: "test_a_second_capture_is_added",
    IsCompleteTooSoon: "test_a_capture_is_complete_when_it_has_ended",
    StaysCompleteWhileCapturedAgain: "test_a_second_capture_is_added",
    CompletesOnAddedBytes: "test_a_stream_can_be_added_to",
    CapturesOnlyPython: "test_what_goes_around_python_is_captured",
    IgnoresTheCap: "test_pieces_make_the_whole",
    TakesNegativeOffsets: "test_a_negative_range_is_refused",
    SaysWhereTheLogEnds: "test_a_log_is_read_from_an_offset",
    GivesNothingForNoLog: "test_a_log_that_does_not_exist_is_none",
    CleansText: "test_what_goes_around_python_is_captured",
    IgnoresCase: "test_no_two_keys_share_a_log",
    DeletesByTheBeginningOfText: "test_deleting_below_a_prefix_takes_whole_parts",
    DeletesOnlyBelow: "test_deleting_below_a_prefix_takes_whole_parts",
    DeletesAllByDefault: "test_a_deletion_says_what",
    KeepsTheMark: "test_deleting_a_log_leaves_the_others",
    DeliversFromTheBeginning: "test_following_begins_at_the_cursor",
}
FILE_MANAGERS = {
    StoresEqualContentOnce: "test_every_write_makes_a_new_file",
    DoublesTheDot: "test_an_extension_has_one_dot",
    LeavesHalfAFile: "test_a_write_that_fails_leaves_nothing",
    ReadsTheSourceWhole: "test_a_big_file_is_copied_in_pieces",
    Rewinds: "test_writing_begins_at_the_position",
    ClosesTheSource: "test_writing_begins_at_the_position",
    TranslatesLineEnds: "test_text_is_kept_in_utf_8",
    CopiesOnce: "test_a_copy_is_where_temporary_files_are",
    KeepsCopies: "test_copies_are_deleted_and_files_stay",
    DeletesFilesWithCopies: "test_copies_are_deleted_and_files_stay",
    TakesAnyMode: "test_reading_knows_two_modes",
    ReturnsNoStream: "test_a_stream_is_read_to_be_closed_by_the_caller",
    TakesForeignHandles: "test_a_foreign_handle_is_refused",
    GivesNothingForAMissingFile: "test_a_missing_file_is_not_found",
    StoresTextInUtf16: "test_text_is_kept_in_utf_8",
    InsistsOnItsCopies: "test_copies_are_deleted_and_files_stay",
}

for wrong, suite in ((LOG_MANAGERS, LogSuite), (FILE_MANAGERS, FileSuite)):
    globals().update(suites_of(wrong, lambda each, suite=suite: type("Suite", (suite,), {"wrong": each})))
