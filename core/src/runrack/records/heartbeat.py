"""DaemonHeartbeat: a sign of life."""

from collections.abc import Sequence

import msgspec

from runrack.records.error_info import SerializableErrorInfo
from runrack.records.record import Record


class DaemonHeartbeat(Record, frozen=True, tag_field="record", tag="heartbeat/1"):
    """The latest sign of life of one kind of daemon.

    Attributes:
        timestamp: Seconds since 1970.
        daemon_type: Which kind.
        daemon_id: Which process of that kind.
        errors: Its recent errors.
        last_progress: When it last got on with its work, in seconds since 1970; None when it does not say.
    """

    timestamp: float
    daemon_type: str
    daemon_id: str | None = None
    errors: Sequence[SerializableErrorInfo] = ()
    last_progress: float | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "errors", tuple(self.errors or ()))
