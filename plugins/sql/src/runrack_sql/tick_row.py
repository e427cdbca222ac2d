"""The row of a tick: JSON, with columns for what is searched."""

from typing import Any

from runrack.records.codec import encode
from runrack.records.tick import TickData


def tick_row(tick: TickData) -> dict[str, Any]:
    """Return the columns of a tick, without those of a claim on it."""
    return {
        "selector_id": tick.selector_id,
        "status": tick.status.value,
        "timestamp": tick.timestamp,
        "body": encode(tick),
    }
