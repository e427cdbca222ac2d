"""Cursors: where a reader of the event log continues."""

import base64
import json
from datetime import datetime
from enum import StrEnum

from runrack.errors import InvalidArgumentError
from runrack.records.record import Record


class EventLogCursorType(StrEnum):
    """What the number in a cursor counts."""

    STORAGE_ID = "STORAGE_ID"
    OFFSET = "OFFSET"


class EventLogCursor(Record, frozen=True):
    """A place in a log, exclusive: what follows it comes next.

    Attributes:
        cursor_type: What `value` counts.
        value: A storage id, or how many entries to skip.
    """

    cursor_type: EventLogCursorType
    value: int

    @classmethod
    def from_storage_id(cls, storage_id: int) -> "EventLogCursor":
        """Return the place of the entry with this storage id."""
        return cls(EventLogCursorType.STORAGE_ID, storage_id)

    @classmethod
    def from_offset(cls, offset: int) -> "EventLogCursor":
        """Return the place after the first `offset` entries; a negative offset means the beginning."""
        return cls(EventLogCursorType.OFFSET, max(offset, 0))

    def to_string(self) -> str:
        """Return the cursor as opaque text."""
        text = json.dumps({"type": self.cursor_type.value, "value": self.value})
        return base64.b64encode(text.encode()).decode()

    @classmethod
    def parse(cls, text: str) -> "EventLogCursor":
        """Return the cursor whose `to_string` is `text`.

        Raises:
            InvalidArgumentError: `text` is not a cursor.
        """
        try:
            fields = json.loads(base64.b64decode(text, validate=True))
            cursor = cls(EventLogCursorType(fields["type"]), fields["value"])
        except (ValueError, KeyError, TypeError):
            cursor = None
        if cursor is None or type(cursor.value) is not int:
            raise InvalidArgumentError(
                "this is no event log cursor: pass the cursor of an earlier page, or none"
            )
        return cursor

    def storage_id(self) -> int:
        """Return the storage id.

        Raises:
            InvalidArgumentError: The cursor is an offset.
        """
        if self.cursor_type is not EventLogCursorType.STORAGE_ID:
            raise InvalidArgumentError(
                "this query continues from a storage id: an offset cursor does not fit"
            )
        return self.value

    def offset(self) -> int:
        """Return how many entries to skip, never negative.

        Raises:
            InvalidArgumentError: The cursor is a storage id.
        """
        if self.cursor_type is not EventLogCursorType.OFFSET:
            raise InvalidArgumentError("this cursor holds a storage id, not an offset")
        return max(self.value, 0)


class RunShardedEventsCursor(Record, frozen=True):
    """A storage id with the update time of a run.

    A storage with one file for each run looks only at the runs that were updated after the time; any other storage
    uses the id alone.
    """

    id: int
    run_updated_after: datetime


EventCursor = int | RunShardedEventsCursor
