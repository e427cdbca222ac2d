"""What the configuration of a QueuedRunCoordinator looks like, and the limits that it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runrack.config import Array, Bool, BoolSource, Field, Int, IntSource, Noneable, Shape, String, Union
from runrack.errors import ConfigError, InvalidArgumentError
from runrack.records.run_queue import TagLimit

DEFAULT_MAX_CONCURRENT_RUNS = 10
DEFAULT_INTERVAL_SECONDS = 5
DEFAULT_RETRY_DELAY_SECONDS = 60
DEFAULT_WORKERS = 8

PER_VALUE = "applyLimitPerUniqueValue"


def config_fields() -> dict[str, Any]:
    """Return the fields of the configuration."""
    return {
        "max_concurrent_runs": Field(
            IntSource(minimum=-1),
            default_value=DEFAULT_MAX_CONCURRENT_RUNS,
            description="How many runs may be in progress at once: -1 for any number, 0 for none.",
        ),
        "tag_concurrency_limits": Field(
            Noneable(Array(_tag_limit_shape())),
            default_value=[],
            description="How many runs with a tag may be in progress at once. A run waits while any of them is reached.",
        ),
        "dequeue_interval_seconds": Field(
            IntSource(minimum=0),
            default_value=DEFAULT_INTERVAL_SECONDS,
            description="How many seconds the daemon waits before it looks for runs again when there was none to launch.",
        ),
        "dequeue_use_threads": Field(
            BoolSource, default_value=False, description="Launch several runs at once, each in a thread."
        ),
        "dequeue_num_workers": Field(
            IntSource(minimum=1),
            is_required=False,
            description=f"How many threads launch runs; {DEFAULT_WORKERS} when nothing is said.",
        ),
        "max_user_code_failure_retries": Field(
            IntSource(minimum=0),
            is_required=False,
            description="How many times a run goes back to the queue whose code could not be loaded when it was launched; "
            "it waits until that can be loaded when left out.",
        ),
        "user_code_failure_retry_delay": Field(
            IntSource(minimum=0),
            default_value=DEFAULT_RETRY_DELAY_SECONDS,
            description="How many seconds no run of a code location is launched after its code could not be loaded.",
        ),
        "block_op_concurrency_limited_runs": Field(
            Shape(
                {
                    "enabled": Field(
                        Bool, default_value=True, description="Whether such runs are kept waiting."
                    ),
                    "op_concurrency_slot_buffer": Field(
                        IntSource(minimum=0),
                        is_required=False,
                        description="How many more runs than free slots are launched all the same; 0 when left out.",
                    ),
                }
            ),
            description="Keep runs waiting none of whose first steps would get a slot of its concurrency key.",
        ),
    }


def parse_tag_limits(entries: Iterable[Mapping[str, Any]] | None) -> tuple[TagLimit, ...]:
    """Return the limits that `tag_concurrency_limits` stands for; of two for the same tag, the later one counts.

    Raises:
        ConfigError: A limit is negative.
    """
    try:
        limits = [_parse_tag_limit(entry) for entry in entries or ()]
    except InvalidArgumentError as error:
        raise ConfigError(f"tag_concurrency_limits: {error}") from None
    return tuple({(each.key, each.value, each.is_per_value): each for each in limits}.values())


def parse_max_runs(max_concurrent_runs: int) -> int | None:
    """Return how many runs may be in progress; None for any number.

    Raises:
        ConfigError: It is less than -1.
    """
    if max_concurrent_runs < -1:
        raise ConfigError("max_concurrent_runs is -1 (any number), 0 (none) or more")
    return None if max_concurrent_runs == -1 else max_concurrent_runs


def parse_slot_buffer(block_op_concurrency_limited_runs: Mapping[str, Any]) -> int | None:
    """Return how many more runs than free slots may go; None when runs do not wait for slots at all.

    Raises:
        ConfigError: It is negative, or given though runs do not wait.
    """
    buffer = block_op_concurrency_limited_runs.get("op_concurrency_slot_buffer")
    is_enabled = block_op_concurrency_limited_runs.get("enabled", True)
    if buffer is not None and not is_enabled:
        raise ConfigError(
            "op_concurrency_slot_buffer means nothing while block_op_concurrency_limited_runs is off"
        )
    if buffer is not None and buffer < 0:
        raise ConfigError("op_concurrency_slot_buffer is 0 or more")
    return (buffer or 0) if is_enabled else None


def _tag_limit_shape() -> Shape:
    per_value = Shape(
        {PER_VALUE: Field(Bool, description="Whether each value of the key is counted by itself.")}
    )
    return Shape(
        {
            "key": Field(String, description="The key of the tag."),
            "value": Field(
                Union(String, per_value),
                is_required=False,
                description="Count only runs with this value; all that carry the key when left out.",
            ),
            "limit": Field(Int(minimum=0), description="How many."),
        }
    )


def _parse_tag_limit(entry: Mapping[str, Any]) -> TagLimit:
    value = entry.get("value")
    if isinstance(value, Mapping):
        return TagLimit(entry["key"], entry["limit"], is_per_value=value[PER_VALUE])
    return TagLimit(entry["key"], entry["limit"], value)
