"""The base of every record: frozen, compact when stored, tolerant when read."""

import os
import time

import msgspec


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value that is never changed after it was made.

    Fields that hold their default are left out of the stored form; fields that a reader does not know are dropped,
    so that a record written by a newer version can be read by an older one.
    """


def new_event_id() -> str:
    """Return an id of 32 hexadecimal digits that no other writer makes; later ids mostly sort after earlier ones.

    The first 12 digits are milliseconds since 1970, so that an index on the id grows at its end.
    """
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
