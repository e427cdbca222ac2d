"""NoOpComputeLogManager: leaves stdout and stderr alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from typing_extensions import override

from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.compute_log_manager import (
    CapturedLogContext,
    CapturedLogMetadata,
    CapturedLogSubscription,
    ComputeIOType,
    ComputeLogManager,
    LogKey,
    LogObserver,
    parse_log_cursor,
)
from runrack_local.log_key import check_deletion, check_range, checked_log_key


class NoOpComputeLogManager(ComputeLogManager, ConfigurableClass):
    """Captures nothing and keeps nothing: every log is complete, and has neither stdout nor stderr."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {}

    @override
    @contextmanager
    def capture_logs(self, log_key: LogKey) -> Iterator[CapturedLogContext]:
        yield CapturedLogContext(checked_log_key(log_key))

    @override
    @contextmanager
    def open_log_stream(self, log_key: LogKey, io_type: ComputeIOType) -> Iterator[IO[bytes] | None]:
        yield None

    @override
    def is_capture_complete(self, log_key: LogKey) -> bool:
        return True

    @override
    def get_log_data_for_type(
        self, log_key: LogKey, io_type: ComputeIOType, offset: int = 0, max_bytes: int | None = None
    ) -> tuple[bytes | None, int]:
        check_range(offset, max_bytes)
        return None, 0

    @override
    def get_log_metadata(self, log_key: LogKey) -> CapturedLogMetadata:
        return CapturedLogMetadata()

    @override
    def delete_logs(self, log_key: LogKey | None = None, prefix: LogKey | None = None) -> None:
        check_deletion(log_key, prefix)

    @override
    def subscribe(
        self, log_key: LogKey, observer: LogObserver, cursor: str | None = None
    ) -> CapturedLogSubscription:
        parse_log_cursor(cursor)
        return _NothingToFollow()


class _NothingToFollow(CapturedLogSubscription):
    """The live view of a log that will never hold anything."""

    @property
    @override
    def is_complete(self) -> bool:
        return True

    @override
    def dispose(self) -> None:
        pass
