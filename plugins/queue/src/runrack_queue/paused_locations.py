"""PausedLocations: the code locations whose runs wait for a while, known to all daemons of an instance."""

import time
from collections.abc import Callable, Mapping

import msgspec

from runrack.interfaces.run_storage import CursorStore
from runrack.records.record import Record

_KEY = "runrack queue paused locations"


class Pause(Record, frozen=True):
    """Until when, in seconds since 1970, no run of a location is launched, and why."""

    until: float
    reason: str


class PausedLocations:
    """Which code locations are paused; it is kept as a bookmark of the storage.

    Args:
        store: Where.
        clock: Tells the time in seconds since 1970.
    """

    def __init__(self, store: CursorStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def get_all(self) -> Mapping[str, Pause]:
        """Return location name to its pause, for the locations that are paused now."""
        text = self._store.get_cursor_values([_KEY]).get(_KEY)
        pauses = {} if text is None else msgspec.json.decode(text, type=dict[str, Pause])
        now = self._clock()
        return {name: pause for name, pause in pauses.items() if pause.until > now}

    def add(self, location_name: str, seconds: float, reason: str) -> None:
        """Pause a location from now on. Of two that pause locations at the same moment, one may be forgotten."""
        pauses = {**self.get_all(), location_name: Pause(self._clock() + seconds, reason)}
        self._store.set_cursor_values({_KEY: msgspec.json.encode(pauses).decode()})
