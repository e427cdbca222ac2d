"""LocalComputeLogManager: what steps write to stdout and stderr, in files on this machine."""

import os
import shlex
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Any

from typing_extensions import override

from runrack.config.vocabulary import Bool, Field, Float, Noneable, StringSource
from runrack.errors import InvalidArgumentError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.compute_log_manager import (
    CapturedLogContext,
    CapturedLogMetadata,
    CapturedLogSubscription,
    ComputeIOType,
    ComputeLogManager,
    LogKey,
    LogObserver,
)
from runrack.records.safe_name import is_safe_name, to_safe_name
from runrack_local.capture import captured
from runrack_local.contained_folder import ContainedFolder
from runrack_local.log_key import check_deletion, check_range, checked_log_key, checked_prefix
from runrack_local.log_subscription import PollingLogSubscription

_DEFAULT_POLLING_SECONDS = 0.25
_SHORTEST_POLL = 0.01
_SUFFIXES = {ComputeIOType.STDOUT: "out", ComputeIOType.STDERR: "err"}
_COMPLETE = "complete"
_ALL_SUFFIXES = (*_SUFFIXES.values(), _COMPLETE)


class LocalComputeLogManager(ComputeLogManager, ConfigurableClass):
    """Keeps the logs of steps in files, which are written to directly: nothing stands between a step and its log.

    - The log of the key `(run, "compute_logs", step)` lies in `run/compute_logs/step.out` and `step.err` below `base_dir`, under
      safe names; `step.complete` says that a capture has ended. The folder should hold nothing else.
    - Files and folders are for their owner only, and no link among them is followed.
    - A process that is killed leaves all it has written, and the capture incomplete.
    - One thread of a process captures at a time; see `runrack_local.capture`.

    Args:
        base_dir: The folder; made when first written to.
        polling_timeout: Seconds between two looks at a log that is followed; 0.25 by default.
        mirror: Whether what is captured is also shown where it would have gone.
        inst_data: What the object is built from.

    Raises:
        InvalidArgumentError: `base_dir` is not a string, or `polling_timeout` not positive.
    """

    def __init__(
        self,
        base_dir: str,
        polling_timeout: float | None = None,
        inst_data: ConfigurableClassData | None = None,
        *,
        mirror: bool = True,
    ) -> None:
        if not isinstance(base_dir, str):
            raise InvalidArgumentError(f"base_dir is a string, not {type(base_dir).__name__}")
        if polling_timeout is not None and polling_timeout <= 0:
            raise InvalidArgumentError("polling_timeout is a number of seconds above zero")
        self._folder = ContainedFolder(base_dir)
        self._polling_seconds = polling_timeout or _DEFAULT_POLLING_SECONDS
        self._mirror = mirror
        self._inst_data = inst_data
        self._marker: list[str] = []
        self._subscriptions: weakref.WeakSet[CapturedLogSubscription] = weakref.WeakSet()

    @property
    def base_dir(self) -> str:
        """The folder: absolute."""
        return str(self._folder.path)

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {
            "base_dir": Field(StringSource, description="Folder of the logs alone.", is_secret=False),
            "polling_timeout": Field(
                Noneable(Float(minimum=_SHORTEST_POLL)),
                None,
                description="Seconds between two looks at a log that is followed.",
            ),
            "mirror": Field(Bool, default_value=True, description="Whether what is captured is also shown."),
        }

    @override
    @contextmanager
    def capture_logs(self, log_key: LogKey) -> Iterator[CapturedLogContext]:
        key = checked_log_key(log_key)
        *folders, name = map(to_safe_name, key)
        with ExitStack() as stack:
            folder = stack.enter_context(self._folder.enter(folders, create=True))
            files = {
                io_type: self._open_for_capture(folder, name, io_type, stack) for io_type in ComputeIOType
            }
            with captured(files, mirror=self._mirror):
                # On the outer stack: complete is what has ended, with all bytes in the files.
                stack.callback(self._mark_complete, folder, [*folders, f"{name}.{_COMPLETE}"])
                with suppress(FileNotFoundError):
                    os.unlink(f"{name}.{_COMPLETE}", dir_fd=folder)
                yield CapturedLogContext(key, shell_cmd=self._shell_command([*folders, name]))

    @override
    @contextmanager
    def open_log_stream(self, log_key: LogKey, io_type: ComputeIOType) -> Iterator[IO[bytes] | None]:
        names = _file_names(checked_log_key(log_key), _SUFFIXES[io_type])
        descriptor = self._folder.open_file(names, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        with os.fdopen(descriptor, "ab", buffering=0) as stream:
            yield stream

    @override
    def is_capture_complete(self, log_key: LogKey) -> bool:
        descriptor = self._find(_file_names(checked_log_key(log_key), _COMPLETE))
        if descriptor is None:
            return False
        os.close(descriptor)
        return True

    @override
    def get_log_data_for_type(
        self, log_key: LogKey, io_type: ComputeIOType, offset: int = 0, max_bytes: int | None = None
    ) -> tuple[bytes | None, int]:
        check_range(offset, max_bytes)
        descriptor = self._find(_file_names(checked_log_key(log_key), _SUFFIXES[io_type]))
        if descriptor is None:
            return None, offset
        try:
            rest = os.fstat(descriptor).st_size - offset
            wanted = rest if max_bytes is None else min(rest, max_bytes)
            data = os.pread(descriptor, wanted, offset) if wanted > 0 else b""
        finally:
            os.close(descriptor)
        return data, offset + len(data)

    @override
    def get_log_metadata(self, log_key: LogKey) -> CapturedLogMetadata:
        key = checked_log_key(log_key)
        return CapturedLogMetadata(
            stdout_location=self._path(key, ComputeIOType.STDOUT),
            stderr_location=self._path(key, ComputeIOType.STDERR),
        )

    @override
    def delete_logs(self, log_key: LogKey | None = None, prefix: LogKey | None = None) -> None:
        check_deletion(log_key, prefix)
        if log_key is not None:
            self._delete_log(checked_log_key(log_key))
        if prefix is not None:
            self._delete_below(checked_prefix(prefix))

    @override
    def subscribe(
        self, log_key: LogKey, observer: LogObserver, cursor: str | None = None
    ) -> CapturedLogSubscription:
        key = checked_log_key(log_key)
        subscription = PollingLogSubscription(self, key, observer, cursor, self._polling_seconds)
        self._subscriptions.add(subscription)
        return subscription

    @override
    def dispose(self) -> None:
        for subscription in list(self._subscriptions):
            subscription.dispose()

    def _open_for_capture(self, folder: int, name: str, io_type: ComputeIOType, stack: ExitStack) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        descriptor = self._folder.open_in(folder, f"{name}.{_SUFFIXES[io_type]}", flags)
        stack.callback(os.close, descriptor)
        return descriptor

    def _mark_complete(self, folder: int, names: list[str]) -> None:
        flags = os.O_WRONLY | os.O_CREAT
        try:
            if not self._link_marker(folder, names):
                os.close(self._folder.open_in(folder, names[-1], flags))
        except FileNotFoundError:  # the log was deleted during the capture, with its folder
            os.close(self._folder.open_file(names, flags))
        self._marker = names

    def _link_marker(self, folder: int, names: list[str]) -> bool:
        """Give the mark of the last log another name, if it lies in the same folder and can have one.

        A mark is a file without content: one for all logs of a run spares a file system most of the work.
        """
        if not self._marker or self._marker[:-1] != names[:-1] or self._marker == names:
            return False
        try:
            os.link(self._marker[-1], names[-1], src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError:
            return False
        return True

    def _find(self, names: list[str]) -> int | None:
        """Return the descriptor of a file, or None when there is no such file."""
        try:
            return self._folder.open_file(names, os.O_RDONLY)
        except FileNotFoundError:
            return None

    def _path(self, key: tuple[str, ...], io_type: ComputeIOType) -> str:
        return self._folder.path_of(_file_names(key, _SUFFIXES[io_type]))

    def _shell_command(self, names: list[str]) -> str:
        log = self._folder.path_of(names)
        return shlex.join(["tail", "-n", "+1", "-F", *(f"{log}.{suffix}" for suffix in _SUFFIXES.values())])

    def _delete_log(self, key: tuple[str, ...]) -> None:
        for suffix in _ALL_SUFFIXES:
            self._delete_file(_file_names(key, suffix))

    def _delete_file(self, names: list[str]) -> None:
        with suppress(FileNotFoundError), self._folder.enter(names[:-1]) as folder:
            os.unlink(names[-1], dir_fd=folder)

    def _delete_below(self, prefix: tuple[str, ...]) -> None:
        names = [to_safe_name(part) for part in prefix]
        if prefix:
            self._delete_log(prefix)
        with suppress(FileNotFoundError), self._folder.enter(names) as folder:
            _delete_logs_in(folder)
        if prefix:
            with suppress(OSError), self._folder.enter(names[:-1]) as parent:
                os.rmdir(names[-1], dir_fd=parent)


def _file_names(key: tuple[str, ...], suffix: str) -> list[str]:
    *folders, name = map(to_safe_name, key)
    return [*folders, f"{name}.{suffix}"]


def _delete_logs_in(folder: int) -> None:
    """Remove the logs in a folder and in those below it, and what folders are empty then; no link is followed."""
    for _, folders, files, descriptor in os.fwalk(".", topdown=False, dir_fd=folder):
        for name in filter(_is_log_file, files):
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descriptor)
        for name in folders:
            with suppress(OSError):
                os.rmdir(name, dir_fd=descriptor)


def _is_log_file(name: str) -> bool:
    stem, _, suffix = name.rpartition(".")
    return suffix in _ALL_SUFFIXES and is_safe_name(stem)
