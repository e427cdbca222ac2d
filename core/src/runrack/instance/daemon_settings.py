"""What `runrack.yaml` says about the daemon: how it watches over runs, tries them again, and over itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from runrack.config.vocabulary import Field, Int


class MonitoringSettings(NamedTuple):
    """How long a run may stay in each state; 0 seconds: for good.

    Attributes:
        enabled: Whether a daemon watches over runs at all.
        start_timeout_seconds: How long a run may be NOT_STARTED or STARTING.
        cancel_timeout_seconds: How long a run may be CANCELING.
        max_runtime_seconds: How long a run may be STARTED, unless its tag `runrack/max_runtime` says so.
        max_resume_run_attempts: How often a run whose worker died is given a new one.
        poll_interval_seconds: How often the daemon looks.
    """

    enabled: bool = True
    start_timeout_seconds: int = 180
    cancel_timeout_seconds: int = 180
    max_runtime_seconds: int = 0
    max_resume_run_attempts: int = 0
    poll_interval_seconds: int = 15

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> MonitoringSettings:
        """Return what the key `run_monitoring` says."""
        return cls(**settings)


class RetrySettings(NamedTuple):
    """Which failed runs are run again.

    Attributes:
        enabled: Whether any are.
        max_retries: How often, for all runs of a group together, unless the tag `runrack/max_retries` says so.
        retry_on_asset_or_op_failure: Whether runs are among them that failed because a step did.
    """

    enabled: bool = False
    max_retries: int = 0
    retry_on_asset_or_op_failure: bool = True

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> RetrySettings:
        """Return what the key `run_retries` says."""
        return cls(**settings)


class DaemonSettings(NamedTuple):
    """How the daemon watches over its own loops.

    Attributes:
        heartbeat_interval_seconds: How often each loop's sign of life is stored.
        stuck_after_seconds: How long a loop may be at one round, without any progress, before it counts as stuck.
        exit_after_seconds: How long before the daemon ends, so that it is started anew; 0: never.
        stop_timeout_seconds: How long the rounds under way have to end when the daemon is told to stop.
        required_loops: The loops without which the daemon is not healthy; all that it has when there are none here.
    """

    heartbeat_interval_seconds: int = 15
    stuck_after_seconds: int = 300
    exit_after_seconds: int = 1800
    stop_timeout_seconds: int = 25
    required_loops: tuple[str, ...] = ()

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> DaemonSettings:
        """Return what the key `daemon` says."""
        return cls(**{**settings, "required_loops": tuple(settings.get("required_loops", ()))})


_MONITORING, _RETRIES, _DAEMON = MonitoringSettings(), RetrySettings(), DaemonSettings()

MONITORING_FIELD = Field(
    {
        "enabled": Field(bool, default_value=_MONITORING.enabled),
        "start_timeout_seconds": Field(Int(minimum=0), default_value=_MONITORING.start_timeout_seconds),
        "cancel_timeout_seconds": Field(Int(minimum=0), default_value=_MONITORING.cancel_timeout_seconds),
        "max_runtime_seconds": Field(Int(minimum=0), default_value=_MONITORING.max_runtime_seconds),
        "max_resume_run_attempts": Field(Int(minimum=0), default_value=_MONITORING.max_resume_run_attempts),
        "poll_interval_seconds": Field(Int(minimum=1), default_value=_MONITORING.poll_interval_seconds),
    },
    is_required=False,
    description="How long a run may stay in each state before a daemon ends or resumes it",
)

RETRIES_FIELD = Field(
    {
        "enabled": Field(bool, default_value=_RETRIES.enabled),
        "max_retries": Field(Int(minimum=0), default_value=_RETRIES.max_retries),
        "retry_on_asset_or_op_failure": Field(bool, default_value=_RETRIES.retry_on_asset_or_op_failure),
    },
    is_required=False,
    description="Whether a daemon runs failed runs again",
)

DAEMON_FIELD = Field(
    {
        "heartbeat_interval_seconds": Field(Int(minimum=1), default_value=_DAEMON.heartbeat_interval_seconds),
        "stuck_after_seconds": Field(
            Int(minimum=1),
            default_value=_DAEMON.stuck_after_seconds,
            description="How long a loop may make no progress before the daemon is not healthy",
        ),
        "exit_after_seconds": Field(
            Int(minimum=0),
            default_value=_DAEMON.exit_after_seconds,
            description="How long before the daemon ends by itself, to be started anew; 0: never",
        ),
        "stop_timeout_seconds": Field(Int(minimum=0), default_value=_DAEMON.stop_timeout_seconds),
        "required_loops": Field(
            [str],
            default_value=[],
            description="The loops that `runrack daemon status` asks for; all when there are none here",
        ),
    },
    is_required=False,
    description="How the daemon watches over its own loops",
)
