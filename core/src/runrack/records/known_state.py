"""KnownState: what a step or a run that takes up earlier work knows of that work."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from runrack.records.record import Record


class OutputHandle(NamedTuple):
    """Names a value that a step gave.

    Attributes:
        step_key: Which step: `op`, `graph.op`, or `op[key]` for one that is mapped over a dynamic output.
        output_name: Which of its outputs.
        mapping_key: Which item, where the output is dynamic.
    """

    step_key: str
    output_name: str
    mapping_key: str | None = None


class KnownOutput(Record, frozen=True):
    """A value that was given before, and the run that keeps it."""

    handle: OutputHandle
    run_id: str


class KnownState(Record, frozen=True):
    """What is known before the first step starts.

    Attributes:
        outputs: Values that were given before, dynamic ones in the order in which they were given.
        attempts: How often each step was tried before, by key; steps that were not are left out.
    """

    outputs: tuple[KnownOutput, ...] = ()
    attempts: Mapping[str, int] = msgspec.field(default_factory=dict)
