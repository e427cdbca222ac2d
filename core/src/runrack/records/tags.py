"""The tags that runrack itself sets on runs and asset events."""

from collections.abc import Mapping

ROOT_RUN_ID = "runrack/root_run_id"
IS_RESUME_RETRY = "runrack/is_resume_retry"
FAILURE_REASON = "runrack/failure_reason"
BACKFILL = "runrack/backfill"
PRIORITY = "runrack/priority"
"""How urgent a queued run is: an integer, 0 when it is missing or none."""

CODE_LOCATION = "runrack/code_location"
CODE_VERSION = "runrack/code_version"

_LARGEST = 2**31 - 1


def priority_of(tags: Mapping[str, str]) -> int:
    """Return how urgent a run with these tags is; what no column holds becomes the nearest number of 32 bits."""
    try:
        priority = int(tags.get(PRIORITY, ""))
    except ValueError:
        return 0
    return max(-_LARGEST, min(priority, _LARGEST))


