"""`event_spool` of `runrack.yaml`: what may wait on this machine's disk for a storage that is away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from runrack.config.vocabulary import Field, Int

_DEFAULT_MAX_MB = 256
_DEFAULT_MAX_SECONDS = 900

SPOOL_FIELD = Field(
    {
        "max_mb": Field(
            Int(minimum=0),
            default_value=_DEFAULT_MAX_MB,
            description="How much the events of one process may take; 0: none wait, calls raise",
        ),
        "max_seconds": Field(
            Int(minimum=0),
            default_value=_DEFAULT_MAX_SECONDS,
            description="How long the storage may be away; 0: none wait, calls raise",
        ),
    },
    is_required=False,
    description="How events wait on this machine's disk for a storage that is away",
)


class SpoolLimits(NamedTuple):
    """How much may wait on the disk, and how long. 0 of either: nothing may.

    Attributes:
        max_mb: How large the file of one process may grow, in megabytes.
        max_seconds: How long the storage may be away.
    """

    max_mb: int = _DEFAULT_MAX_MB
    max_seconds: int = _DEFAULT_MAX_SECONDS

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> SpoolLimits:
        """Return the limits that `event_spool` of `runrack.yaml` sets."""
        return cls(**settings)
