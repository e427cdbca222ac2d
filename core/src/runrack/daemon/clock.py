"""Clock: what time it is, and how much of it has passed."""

import time


class Clock:
    """The clocks of this machine."""

    def now(self) -> float:
        """Return the time of day, in seconds since 1970. It jumps when somebody sets it."""
        return time.time()

    def steady(self) -> float:
        """Return seconds since some moment; they only ever grow, one a second."""
        return time.monotonic()
