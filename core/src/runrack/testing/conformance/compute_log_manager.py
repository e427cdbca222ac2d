"""ComputeLogManagerConformance: what it means to keep the logs of steps."""

import os
import subprocess
import sys
import threading
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

import pytest
from typing_extensions import override

from runrack.errors import InvalidArgumentError
from runrack.interfaces.compute_log_manager import (
    CapturedLogData,
    CapturedLogSubscription,
    ComputeIOType,
    ComputeLogManager,
)
from runrack.testing.conformance.awkward_names import AWKWARD_NAMES
from runrack.testing.conformance.suite import ConformanceSuite

KEY = ("run", "compute_logs", "step")
EVERY_BYTE = bytes(range(256))
STDOUT, STDERR = ComputeIOType.STDOUT, ComputeIOType.STDERR

_PATIENCE_SECONDS = 30
_MAX_PIECE_BYTES = 1 << 20


class LogCollector:
    """An observer that keeps the pieces it gets."""

    def __init__(self) -> None:
        self.pieces: list[CapturedLogData] = []
        self._changed = threading.Condition()

    def __call__(self, piece: CapturedLogData) -> None:
        """Keep the piece."""
        with self._changed:
            self.pieces.append(piece)
            self._changed.notify_all()

    @property
    def stdout(self) -> bytes:
        """All of stdout so far."""
        return b"".join(piece.stdout or b"" for piece in self.pieces)

    def wait_for_stdout(self, expected: bytes) -> None:
        """Return when all of `expected` has come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.stdout) >= len(expected), _PATIENCE_SECONDS)
        assert self.stdout == expected


def add_to_log(manager: ComputeLogManager, key: tuple[str, ...], data: bytes) -> None:
    """Add to the stdout of a log without capturing."""
    with manager.open_log_stream(key, STDOUT) as stream:
        assert stream is not None
        stream.write(data)


def read_stdout(manager: ComputeLogManager, key: tuple[str, ...]) -> bytes | None:
    """Return all of a log's stdout."""
    return manager.get_log_data(key).stdout


def wait_until_complete(subscription: CapturedLogSubscription) -> None:
    """Return when the subscription says that it has delivered everything."""
    again = threading.Event()
    for _ in range(_PATIENCE_SECONDS * 100):
        if subscription.is_complete:
            return
        again.wait(0.01)
    raise AssertionError("the subscription did not become complete")


class LogCaptureTests(ConformanceSuite[ComputeLogManager]):
    """What capturing promises."""

    @abstractmethod
    def make_manager(self, tmp_path: Path) -> ComputeLogManager:
        """Return a new manager that keeps nothing yet; `tmp_path` is an empty folder of the test's own."""

    @override
    def make_storage(self, tmp_path: Path) -> ComputeLogManager:
        return self.make_manager(tmp_path)

    @pytest.fixture
    def manager(self, storage: ComputeLogManager) -> ComputeLogManager:
        """A new manager, disposed of after the test."""
        return storage

    def test_what_python_prints_is_captured(self, manager: ComputeLogManager) -> None:
        """Both streams are captured, each for itself, and are there when the context has ended.

        Look at whether both descriptors are redirected, and Python's own buffers flushed at the end.
        """
        with manager.capture_logs(KEY) as context:
            sys.stdout.write("to stdout\n")
            sys.stderr.write("to stderr\n")
        assert context.log_key == KEY
        log = manager.get_log_data(KEY)
        assert (log.stdout, log.stderr) == (b"to stdout\n", b"to stderr\n")

    def test_what_goes_around_python_is_captured(self, manager: ComputeLogManager) -> None:
        """Writes to the descriptors are captured byte by byte, as they are.

        Look at the level of the capture: file descriptors 1 and 2, without decoding.
        """
        with manager.capture_logs(KEY):
            os.write(1, EVERY_BYTE)
            os.write(2, EVERY_BYTE[::-1])
        log = manager.get_log_data(KEY)
        assert (log.stdout, log.stderr) == (EVERY_BYTE, EVERY_BYTE[::-1])

    def test_what_children_write_is_captured_in_order(self, manager: ComputeLogManager) -> None:
        """The output of children and grandchildren stands where it was written. Check what is buffered, and when.

        Look at Python's buffer when the capture begins and ends, and at files that are opened to append.
        """
        with manager.capture_logs(KEY):
            sys.stdout.write("before\n")
            subprocess.run(["/bin/sh", "-c", "echo child; sh -c 'echo grandchild'"], check=True)
            sys.stdout.write("after\n")
        assert read_stdout(manager, KEY) == b"before\nchild\ngrandchild\nafter\n"

    def test_the_streams_lead_back(self, manager: ComputeLogManager) -> None:
        """After a capture, standard output and error are what they were.

        Look at the saved descriptors: they are restored and closed however the capture ends.
        """
        before = [os.fstat(1).st_ino, os.fstat(2).st_ino, sys.stdout, sys.stderr]
        with manager.capture_logs(KEY):
            sys.stdout.write("captured\n")
        assert [os.fstat(1).st_ino, os.fstat(2).st_ino, sys.stdout, sys.stderr] == before
        os.write(1, b"not captured\n")
        assert read_stdout(manager, KEY) == b"captured\n"

    def test_a_failing_step_keeps_its_log(self, manager: ComputeLogManager) -> None:
        """An exception ends the capture as success does, and goes on to the caller.

        Look at the `finally` of the context, and at exceptions that it swallows.
        """

        def run_step() -> None:
            with manager.capture_logs(KEY):
                sys.stdout.write("so far, without a newline")
                raise KeyError

        with pytest.raises(KeyError):
            run_step()
        assert read_stdout(manager, KEY) == b"so far, without a newline"
        assert manager.is_capture_complete(KEY)

    def test_a_capture_is_complete_when_it_has_ended(self, manager: ComputeLogManager) -> None:
        """A capture is incomplete before it begins and while it runs, and complete afterwards.

        Look at when the mark of completeness is written: after the last byte is readable.
        """
        assert not manager.is_capture_complete(KEY)
        with manager.capture_logs(KEY):
            assert not manager.is_capture_complete(KEY)
        assert manager.is_capture_complete(KEY)

    def test_a_second_capture_is_added(self, manager: ComputeLogManager) -> None:
        """Capturing again under a key keeps what is there, and is incomplete until it ends.

        Look at the mode in which the files are opened, and at the mark of the first capture.
        """
        with manager.capture_logs(KEY):
            sys.stdout.write("first\n")
        with manager.capture_logs(KEY):
            sys.stdout.write("second\n")
            assert not manager.is_capture_complete(KEY)
        assert read_stdout(manager, KEY) == b"first\nsecond\n"
        assert manager.is_capture_complete(KEY)

    def test_a_silent_step_has_an_empty_log(self, manager: ComputeLogManager) -> None:
        """A capture in which nothing was written gives no bytes, which is something else than no log.

        Look at whether the log is made when the capture begins, or with its first byte.
        """
        with manager.capture_logs(KEY):
            pass
        assert manager.get_log_data(KEY) == CapturedLogData(KEY, b"", b"", "0:0")

    def test_a_stream_can_be_added_to(self, manager: ComputeLogManager) -> None:
        """`open_log_stream` adds bytes to one stream, and leaves the capture as complete as it was.

        Look at the mark of completeness: adding bytes neither sets nor removes it.
        """
        add_to_log(manager, KEY, b"first ")
        add_to_log(manager, KEY, EVERY_BYTE)
        assert manager.get_log_data_for_type(KEY, STDOUT) == (b"first " + EVERY_BYTE, 262)
        assert manager.get_log_data_for_type(KEY, STDERR) == (None, 0)
        assert not manager.is_capture_complete(KEY)


class LogReadingTests(LogCaptureTests):
    """How logs are read and followed."""

    def test_a_log_that_does_not_exist_is_none(self, manager: ComputeLogManager) -> None:
        """A stream that was never captured gives None and the offset as given.

        Look at how an absent log is told from an empty one, and at the returned offset.
        """
        assert manager.get_log_data_for_type(KEY, STDOUT, 7) == (None, 7)
        assert manager.get_log_data(KEY) == CapturedLogData(KEY, None, None, "0:0")

    @pytest.mark.parametrize(
        ("offset", "max_bytes", "expected"),
        [
            (0, None, (b"0123456789", 10)),
            (4, None, (b"456789", 10)),
            (4, 3, (b"456", 7)),
            (4, 0, (b"", 4)),
            (10, None, (b"", 10)),
            (10**30, 10**30, (b"", 10**30)),
        ],
    )
    def test_a_log_is_read_from_an_offset(
        self,
        manager: ComputeLogManager,
        offset: int,
        max_bytes: int | None,
        expected: tuple[bytes, int],
    ) -> None:
        """Reading gives at most `max_bytes` from the offset on, and past the end nothing and the offset as given.

        Look at the range that is asked for: its end, and an offset past the end of the log.
        """
        add_to_log(manager, KEY, b"0123456789")
        assert manager.get_log_data_for_type(KEY, STDOUT, offset, max_bytes) == expected

    @pytest.mark.parametrize(("offset", "max_bytes"), [(-1, None), (0, -1)])
    def test_a_negative_range_is_refused(
        self, manager: ComputeLogManager, offset: int, max_bytes: int | None
    ) -> None:
        """Neither the offset nor the number of bytes may be negative.

        Look at the check of the arguments: -1 must not count from the end or mean everything.
        """
        with pytest.raises(InvalidArgumentError):
            manager.get_log_data_for_type(KEY, STDOUT, offset, max_bytes)

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
    def test_pieces_make_the_whole(self, manager: ComputeLogManager, size: int) -> None:
        """Reading on from cursor to cursor gives every byte once, wherever characters are cut.

        Look at characters of several bytes at the border of a piece: the cursor counts bytes.
        """
        whole = "añ日🚀".encode() * 20
        add_to_log(manager, KEY, whole)
        pieces, cursor = [], None
        while (piece := manager.get_log_data(KEY, cursor, size)).stdout:
            assert len(piece.stdout) <= size
            pieces.append(piece.stdout)
            cursor = piece.cursor
        assert b"".join(pieces) == whole

    @pytest.mark.parametrize("cursor", ["", "1", "a:b", "1:", ":1", "-1:0", "1:2:3", "1.5:0"])
    def test_a_malformed_cursor_is_refused(self, manager: ComputeLogManager, cursor: str) -> None:
        """A cursor that no log has given is an error, in reading and in following.

        Look at where the cursor is parsed: translate the parser's error.
        """
        with pytest.raises(InvalidArgumentError):
            manager.get_log_data(KEY, cursor)
        with pytest.raises(InvalidArgumentError):
            manager.subscribe(KEY, LogCollector(), cursor)

    def test_the_place_of_a_log_is_known_before_it_exists(self, manager: ComputeLogManager) -> None:
        """The places of both streams are known, differ, and are another log's for another key.

        Look at whether the metadata is computed from the key, without a look at what is stored.
        """
        first, second = manager.get_log_metadata(KEY), manager.get_log_metadata(("other",))
        places = [
            first.stdout_location,
            first.stderr_location,
            second.stdout_location,
            second.stderr_location,
        ]
        assert None not in places
        assert len(set(places)) == 4

    def test_a_complete_log_is_delivered_whole(self, manager: ComputeLogManager) -> None:
        """Following a complete log gives all of it, and the subscription is complete.

        Look at the end of the loop that delivers: the mark is read before the last look at the log.
        """
        with manager.capture_logs(KEY):
            sys.stdout.write("all\n")
        collector = LogCollector()
        wait_until_complete(manager.subscribe(KEY, collector))
        assert [(piece.stdout, piece.cursor) for piece in collector.pieces] == [(b"all\n", "4:0")]

    def test_a_log_is_delivered_live(self, manager: ComputeLogManager) -> None:
        """Following gives pieces while the capture runs, and is complete only when the capture is.

        Look at what the follower does at the present end of the log, and when it decides that all is read.
        """
        collector = LogCollector()
        subscription = manager.subscribe(KEY, collector)
        with manager.capture_logs(KEY):
            os.write(1, b"one\n")
            collector.wait_for_stdout(b"one\n")
            os.write(1, b"two\n")
            collector.wait_for_stdout(b"one\ntwo\n")
            assert not subscription.is_complete
        wait_until_complete(subscription)
        assert collector.stdout == b"one\ntwo\n"

    def test_following_begins_at_the_cursor(self, manager: ComputeLogManager) -> None:
        """A subscription with a cursor delivers what comes after it.

        Look at the offsets with which the subscription begins, one for each stream.
        """
        with manager.capture_logs(KEY):
            os.write(1, b"0123456789")
        collector = LogCollector()
        wait_until_complete(manager.subscribe(KEY, collector, "6:0"))
        assert collector.stdout == b"6789"

    def test_a_big_log_comes_in_pieces(self, manager: ComputeLogManager) -> None:
        """No piece holds more than 1 MiB of a stream, and together they are the log.

        Look at the size of one read, and at whether reading goes on after a full piece.
        """
        whole = EVERY_BYTE * 10_000
        with manager.capture_logs(KEY):
            pass
        add_to_log(manager, KEY, whole)
        collector = LogCollector()
        wait_until_complete(manager.subscribe(KEY, collector))
        assert max(len(piece.stdout or b"") for piece in collector.pieces) <= _MAX_PIECE_BYTES
        assert collector.stdout == whole

    def test_a_disposed_subscription_is_silent(self, manager: ComputeLogManager) -> None:
        """After `dispose`, which may be repeated, nothing more is delivered and the subscription is not complete.

        Look at the flag that `dispose` sets: it is looked at before each delivery, under the same lock.
        """
        subscription = manager.subscribe(KEY, LogCollector())
        subscription.dispose()
        subscription.dispose()
        with manager.capture_logs(KEY):
            os.write(1, b"unseen\n")
        assert not subscription.is_complete


class ComputeLogManagerConformance(LogReadingTests):
    """The tests for a compute log manager that keeps logs. An implementer supplies `make_manager`."""

    @pytest.mark.parametrize("name", AWKWARD_NAMES, ids=ascii)
    def test_any_text_is_a_key(self, manager: ComputeLogManager, name: str) -> None:
        """A log under any key can be written, read and deleted.

        Look at how a key becomes a path or a name of an object: use `runrack.records.safe_name`.
        """
        for key in ((name,), (name, name), ("run", name, "step")):
            add_to_log(manager, key, b"data")
            assert read_stdout(manager, key) == b"data"
            assert not manager.is_capture_complete(key)
            manager.delete_logs(log_key=key)
            assert read_stdout(manager, key) is None

    def test_no_two_keys_share_a_log(self, manager: ComputeLogManager) -> None:
        """Keys that differ in case, normalisation, length or in where their parts end have logs of their own.

        Look at names that the file system folds (case, normal forms) or cuts, and at separators inside parts.
        """
        keys = [
            *((name,) for name in AWKWARD_NAMES),
            *(("run", name) for name in AWKWARD_NAMES),
            ("run", "a", "b"),
            ("run", "a.out", "b"),
        ]
        for index, key in enumerate(keys):
            add_to_log(manager, key, f"{index}".encode())
        assert [read_stdout(manager, key) for key in keys] == [
            f"{index}".encode() for index in range(len(keys))
        ]

    def test_deleting_a_log_leaves_the_others(self, manager: ComputeLogManager) -> None:
        """Only the log of the very key is removed, with the mark that it is complete.

        Look at the pattern by which files are found: the whole key, not its beginning.
        """
        others = [("run",), (*KEY, "a"), ("run", "compute_logs", "other"), ("run", "compute_logs", "step_2")]
        for key in (KEY, *others):
            with manager.capture_logs(key):
                os.write(1, b"data")
        manager.delete_logs(log_key=KEY)
        assert (read_stdout(manager, KEY), manager.is_capture_complete(KEY)) == (None, False)
        assert [read_stdout(manager, key) for key in others] == [b"data"] * len(others)

    def test_deleting_below_a_prefix_takes_whole_parts(self, manager: ComputeLogManager) -> None:
        """All logs whose keys begin with the parts of the prefix are removed, and no other.

        Look at the end of the prefix: it ends at a separator.
        """
        inside = [("a",), ("a", "b"), ("a", "b", "c"), ("a", "other", "..")]
        outside = [("apple",), ("apple", "b"), ("b",), ("b", "a"), ("A", "b")]
        for key in (*inside, *outside):
            add_to_log(manager, key, b"data")
        manager.delete_logs(prefix=("a",))
        assert [read_stdout(manager, key) for key in inside] == [None] * len(inside)
        assert [read_stdout(manager, key) for key in outside] == [b"data"] * len(outside)

    def test_the_empty_prefix_takes_all(self, manager: ComputeLogManager) -> None:
        """Every key begins with the empty prefix.

        Look at a test such as `if prefix:` that takes the empty sequence for None.
        """
        add_to_log(manager, KEY, b"data")
        manager.delete_logs(prefix=())
        assert read_stdout(manager, KEY) is None

    @pytest.mark.parametrize("name", AWKWARD_NAMES, ids=ascii)
    def test_any_text_is_a_prefix(self, manager: ComputeLogManager, name: str) -> None:
        """Deleting below any name removes what is below it, and nothing next to it.

        Look at wildcards and path separators in the prefix: it is encoded as keys are.
        """
        add_to_log(manager, (name, "step"), b"data")
        add_to_log(manager, ("neighbour", "step"), b"data")
        manager.delete_logs(prefix=(name,))
        assert read_stdout(manager, (name, "step")) is None
        assert read_stdout(manager, ("neighbour", "step")) == b"data"

    def test_deleting_what_is_not_there_is_no_error(self, manager: ComputeLogManager) -> None:
        """Absent logs can be deleted, by key and by prefix, also repeatedly.

        Look at which errors of the store mean that nothing is there, and at a second deletion at once.
        """
        manager.delete_logs(log_key=KEY)
        manager.delete_logs(prefix=("run",))
        manager.delete_logs(prefix=("run",))

    def test_a_deletion_says_what(self, manager: ComputeLogManager) -> None:
        """Exactly one of key and prefix is given.

        Look at the check of the two arguments: it comes before anything is removed.
        """
        with pytest.raises(InvalidArgumentError):
            manager.delete_logs()
        with pytest.raises(InvalidArgumentError):
            manager.delete_logs(log_key=KEY, prefix=KEY)

    @pytest.mark.parametrize("key", ["run", (), ("run", 1)])
    def test_a_key_is_a_sequence_of_strings(self, manager: ComputeLogManager, key: tuple[str, ...]) -> None:
        """A bare string is no key, nor is the empty sequence.

        Look at the check of the key: a string is a sequence of strings, too.
        """
        uses: list[Callable[[], object]] = [
            lambda: add_to_log(manager, key, b"data"),
            lambda: manager.get_log_data_for_type(key, STDOUT),
            lambda: manager.is_capture_complete(key),
            lambda: manager.delete_logs(log_key=key),
        ]
        for use in uses:
            with pytest.raises(InvalidArgumentError):
                use()

    def test_the_key_of_a_step_names_its_run(self, manager: ComputeLogManager) -> None:
        """`build_log_key_for_run` gives the run, the word for compute logs, and the step; a retry has its own key.

        Look at whether you replaced `build_log_key_for_run`; its inherited form is right for most.
        """
        assert manager.build_log_key_for_run("run", "step") == KEY
        assert manager.build_log_key_for_run("run", "step", 1) == (*KEY, "retry 1")
