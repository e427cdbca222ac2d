"""Health: whether each loop of an instance gets on in some daemon, by the signs of life that are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runrack.daemon.loops import collect_loops
from runrack.instance.daemon_settings import DaemonSettings
from runrack.instance.instance import Instance
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.heartbeat import DaemonHeartbeat

_BEATS_MISSED = 3


@dataclass(frozen=True)
class LoopHealth:
    """How a loop gets on.

    Attributes:
        name: The loop.
        problem: What is wrong; None when nothing is.
        is_required: Whether the daemon is healthy only with it.
        daemon_id: The daemon that runs it.
        last_heartbeat: Its last sign of life, in seconds since 1970.
        last_progress: When it last got on, in seconds since 1970.
        errors: Its recent errors, oldest first.
    """

    name: str
    problem: str | None
    is_required: bool
    daemon_id: str | None = None
    last_heartbeat: float | None = None
    last_progress: float | None = None
    errors: Sequence[SerializableErrorInfo] = ()


def check_health(instance: Instance, now: float) -> list[LoopHealth]:
    """Return how each loop gets on that the instance has or asks for, in the order of their names.

    Args:
        instance: The instance.
        now: The time, in seconds since 1970.
    """
    settings = DaemonSettings.from_settings(instance.get_settings("daemon"))
    intervals = {loop.name: loop.interval_seconds for loop in collect_loops(instance, instance.workspace)}
    required = frozenset(settings.required_loops or intervals)
    beats = instance.get_daemon_heartbeats()
    return [
        _health_of(name, name in required, beats.get(name), now, settings, intervals.get(name, 0.0))
        for name in sorted({*intervals, *required})
    ]


def _health_of(
    name: str,
    is_required: bool,
    beat: DaemonHeartbeat | None,
    now: float,
    settings: DaemonSettings,
    interval: float,
) -> LoopHealth:
    if beat is None:
        return LoopHealth(name, "no daemon has run it yet", is_required)
    silent = now - beat.timestamp
    idle = 0.0 if beat.last_progress is None else now - beat.last_progress
    problem = None
    if silent > _BEATS_MISSED * settings.heartbeat_interval_seconds:
        problem = f"no daemon has been running it for {silent:.0f} s"
    elif idle > interval + settings.stuck_after_seconds:
        problem = f"it has not got on for {idle:.0f} s"
    return LoopHealth(
        name, problem, is_required, beat.daemon_id, beat.timestamp, beat.last_progress, beat.errors
    )
