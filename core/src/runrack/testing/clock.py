"""ManualClock: a clock that stands still until a test moves it."""

from runrack.testing.builders import NOW


class ManualClock:
    """Gives the time that a test has set; it fits wherever a `Clock` is asked for.

    Attributes:
        time_of_day: What `now` gives, in seconds since 1970.
        passed: What `steady` gives, in seconds.
    """

    def __init__(self, time_of_day: float = NOW) -> None:
        self.time_of_day = time_of_day
        self.passed = 0.0

    def now(self) -> float:
        """Return the time of day."""
        return self.time_of_day

    def steady(self) -> float:
        """Return how much time has passed, whatever became of the time of day."""
        return self.passed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time_of_day += seconds
        self.passed += seconds

    def jump(self, seconds: float) -> None:
        """Set the time of day forward, or back, without that any time passes."""
        self.time_of_day += seconds
