"""SchedulerConformance: what it means to keep track of schedules and sensors, and to make their ticks."""

from runrack.testing.conformance.sensor_ticks import SensorTicks


class SchedulerConformance(SensorTicks):
    """All tests for a scheduler. An implementer supplies `make_scheduler`.

    - Abilities: MAKES_TICKS, for a scheduler that offers `daemon_loops()` (`SupportsDaemonLoops`).
    - The suite brings an instance in memory, so the plugins `memory` and `local` have to be installed.
    """
