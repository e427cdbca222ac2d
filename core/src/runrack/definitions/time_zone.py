"""Time zones by their names."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from runrack.errors import InvalidDefinitionError


def load_time_zone(name: str) -> tzinfo:
    """Return the time zone of this IANA name.

    Raises:
        InvalidDefinitionError: This machine knows no such zone.
    """
    if name == "UTC":
        return UTC  # also where no database of time zones is installed
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        raise InvalidDefinitionError(
            f"{name!r} is no time zone that this machine knows: use an IANA name such as Europe/Zurich"
        ) from None
