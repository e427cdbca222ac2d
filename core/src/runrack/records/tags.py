"""The tags that runrack itself sets on runs and asset events."""

from collections.abc import Mapping

ROOT_RUN_ID = "runrack/root_run_id"
PARENT_RUN_ID = "runrack/parent_run_id"
IS_RESUME_RETRY = "runrack/is_resume_retry"
"""Whether a run takes up an earlier one where that one failed: "true" or "false"."""

OWN_TAG_PREFIX = "runrack/"
"""What all of these tags begin with."""

FAILURE_REASON = "runrack/failure_reason"
MAX_RUNTIME = "runrack/max_runtime"
"""How many seconds a run may take; it is ended when it takes longer."""

MAX_RETRIES = "runrack/max_retries"
"""How often a failed run, and the runs made in its place, are run again."""

RETRY_STRATEGY = "runrack/retry_strategy"
"""What is run again: `FROM_FAILURE`, the steps that have not succeeded, or `ALL_STEPS`."""

RETRY_NUMBER = "runrack/retry_number"
"""On a run made in place of a failed one: the how manyth of its group it is, from 1."""

WILL_RETRY = "runrack/will_retry"
"""On a failed run, once a daemon has looked at it: whether another is made in its place, "true" or "false"."""

AUTO_RETRY_RUN_ID = "runrack/auto_retry_run_id"
"""On a failed run: the run that was made in its place."""

BACKFILL = "runrack/backfill"
SCHEDULE_NAME = "runrack/schedule_name"
SENSOR_NAME = "runrack/sensor_name"
"""On a run: the backfill, the schedule or the sensor that asked for it."""

TICK_ID = "runrack/tick_id"
"""On a run: the tick of its schedule or sensor."""

PRIORITY = "runrack/priority"
"""How urgent a queued run is: an integer, 0 when it is missing or none."""

CONCURRENCY_KEY = "runrack/concurrency_key"
"""On an op: the concurrency key of which each of its steps holds a slot while it runs."""

FIRST_CONCURRENCY_KEYS = "runrack/first_concurrency_keys"
"""On a run that can only begin with a slot of one of these concurrency keys: their names, sorted, as a JSON list."""

CODE_LOCATION = "runrack/code_location"
CODE_VERSION = "runrack/code_version"
DATA_VERSION = "runrack/data_version"
INPUT_DATA_VERSION_PREFIX = "runrack/input_data_version/"
"""Before the key of an asset: which data of it another one was made from."""
PARTITION = "runrack/partition"
"""The key of the partition that a run makes."""
PARTITION_DIMENSION_PREFIX = "runrack/partition/"
"""On an event of a partition with several dimensions: before the name of each."""

_LARGEST = 2**31 - 1


def priority_of(tags: Mapping[str, str]) -> int:
    """Return how urgent a run with these tags is; what no column holds becomes the nearest number of 32 bits."""
    try:
        priority = int(tags.get(PRIORITY, ""))
    except ValueError:
        return 0
    return max(-_LARGEST, min(priority, _LARGEST))


def is_indexed(name: str) -> bool:
    """Tell whether a tag of an asset event is one that is asked for over all events of the asset."""
    return name == DATA_VERSION or name.startswith(PARTITION_DIMENSION_PREFIX)
