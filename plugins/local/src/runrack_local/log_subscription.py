"""PollingLogSubscription: follows a log by looking at it again and again."""

import logging
import threading

from typing_extensions import override

from runrack.interfaces.compute_log_manager import (
    CapturedLogSubscription,
    ComputeLogManager,
    LogKey,
    LogObserver,
    parse_log_cursor,
)

PIECE_BYTES = 1 << 20

_logger = logging.getLogger(__name__)


class PollingLogSubscription(CapturedLogSubscription):
    """Delivers a log in pieces of at most 1 MiB of each stream, from a thread of its own.

    - Pieces are bytes: a character may begin in one and end in the next.
    - An observer that raises gets nothing more; what it raised is logged.

    Args:
        manager: Whose log it is.
        log_key: Which log.
        observer: Called with each piece.
        cursor: Where to begin.
        interval_seconds: How long to wait before looking again.

    Raises:
        InvalidArgumentError: The cursor is malformed.
    """

    def __init__(
        self,
        manager: ComputeLogManager,
        log_key: LogKey,
        observer: LogObserver,
        cursor: str | None,
        interval_seconds: float,
    ) -> None:
        parse_log_cursor(cursor)
        self._manager = manager
        self._log_key = log_key
        self._observer = observer
        self._cursor = cursor
        self._interval_seconds = interval_seconds
        self._is_complete = False
        self._disposing = threading.Event()
        threading.Thread(target=self._run, name="runrack-log-subscription", daemon=True).start()

    @property
    @override
    def is_complete(self) -> bool:
        return self._is_complete

    @override
    def dispose(self) -> None:
        self._disposing.set()

    def _run(self) -> None:
        try:
            while not self._is_complete and not self._disposing.is_set():
                # Asked before reading: what was written before the end is then there to be read.
                is_last_look = self._manager.is_capture_complete(self._log_key)
                self._deliver()
                self._is_complete = is_last_look and not self._disposing.is_set()
                self._disposing.wait(0 if is_last_look else self._interval_seconds)
        except Exception:
            _logger.exception("following the log %s ended early", "/".join(self._log_key))

    def _deliver(self) -> None:
        while not self._disposing.is_set():
            piece = self._manager.get_log_data(self._log_key, self._cursor, PIECE_BYTES)
            if not piece.stdout and not piece.stderr:
                return
            self._cursor = piece.cursor
            self._observer(piece)
