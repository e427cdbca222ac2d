"""RunRequest: a run that a schedule or a sensor asks for; SkipReason: why it asks for none."""

from collections.abc import Mapping
from typing import Any

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.records.asset import check_tags
from runrack.records.record import Record


class RunRequest(Record, frozen=True, kw_only=True):
    """A run that a schedule or a sensor asks for.

    Attributes:
        run_key: At most one run is made for it by one schedule or sensor; any number of runs without a key.
        run_config: The run configuration; the job's own when None.
        tags: Labels of the run, besides the job's.
        job_name: Which job, where the schedule or the sensor has several.
        partition_key: Which partition the run makes.
    """

    run_key: str | None = None
    run_config: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    job_name: str | None = None
    partition_key: str | None = None

    def __post_init__(self) -> None:
        if self.run_key is not None and (not isinstance(self.run_key, str) or not self.run_key):
            raise InvalidArgumentError("the run_key of a RunRequest is a string that is not empty")
        check_tags(self.tags)


class SkipReason(Record, frozen=True):
    """Why a schedule or a sensor asks for no run: shown in the history of its ticks."""

    skip_message: str | None = None
