"""Comparing a storage with its model: the same steps in every run, so that a failure can be repeated."""

from collections.abc import Callable
from typing import cast

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def compare_with_model(make_machine: Callable[[], RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Run `examples` sequences of up to `steps` steps, each on a machine of its own; raise where one disagrees."""
    run_state_machine_as_test(
        cast("type[RuleBasedStateMachine]", make_machine),  # it is only called
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
