"""ModelComparison: compares a storage with its model, by the same steps in every run, so that a failure can be repeated."""

from collections.abc import Callable
from typing import ClassVar, cast

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


class ModelComparison:
    """What a suite needs to compare a storage with its model.

    Attributes:
        model_examples: How many random sequences of steps are compared.
        model_steps: How long each may be.
        model_shrinks: Whether a failing sequence is made as short as possible, which may take minutes on a database.
    """

    model_examples: ClassVar[int] = 30
    model_steps: ClassVar[int] = 30
    model_shrinks: ClassVar[bool] = False

    def compare_with_model(self, make_machine: Callable[[], RuleBasedStateMachine]) -> None:
        """Run every sequence on a machine of its own, and raise where storage and model disagree."""
        run_state_machine_as_test(
            cast("type[RuleBasedStateMachine]", make_machine),  # it is only called
            settings=settings(
                max_examples=self.model_examples,
                stateful_step_count=self.model_steps,
                phases=[Phase.generate, *([Phase.shrink] if self.model_shrinks else [])],
                derandomize=True,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
