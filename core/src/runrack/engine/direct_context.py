"""A context for calling ops directly, as unit tests do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runrack.config.evaluation import evaluate_or_raise
from runrack.definitions.op import OpDefinition
from runrack.engine.op_context import OpExecutionContext
from runrack.engine.resource_set import ScopedResources
from runrack.engine.run_log import LOGGER_NAME
from runrack.engine.user_fact import UserFact
from runrack.errors import InvalidInvocationError
from runrack.interfaces.part import InstanceServices
from runrack.records.asset import check_tags
from runrack.records.run import Run


@dataclass(frozen=True)
class DirectOpContext(OpExecutionContext):
    """What `build_op_context` gives: a context for one op after the other.

    Attributes:
        facts: What ops have said through `log_event` so far.
        resource_values: The resources by key.
    """

    facts: list[UserFact] = field(default_factory=list)
    resource_values: Mapping[str, Any] = field(default_factory=dict)

    def for_op(self, definition: OpDefinition) -> DirectOpContext:
        """Return the context that the op's function gets.

        Raises:
            ConfigError: `op_config` does not fit the op.
            InvalidInvocationError: There is no value for a resource that the op requires.
        """
        missing = sorted(definition.required_resource_keys - set(self.resource_values))
        if missing:
            raise InvalidInvocationError(
                f"op {definition.name!r} requires resource {missing[0]!r}:"
                f" give build_op_context(resources={{{missing[0]!r}: …}})"
            )
        label = f"op {definition.name!r}"
        contract = definition.config_contract
        given = self.op_config
        if given is None and contract.field.default_provided:
            given = contract.field.default_value
        config = contract.apply(evaluate_or_raise(contract.field, given), label)
        values = {key: self.resource_values[key] for key in definition.required_resource_keys}
        return replace(
            self,
            op_config=config,
            resources=ScopedResources(label, values),
            step_key=definition.name,
            op_name=definition.name,
            _output_names=frozenset(definition.outs),
        )


def build_op_context(
    op_config: Any = None,
    resources: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    run_config: Mapping[str, Any] | None = None,
    instance: InstanceServices | None = None,
) -> DirectOpContext:
    """Return a context for calling ops directly: `my_op(build_op_context(op_config={"n": 1}), 2)`.

    Args:
        op_config: The op's configuration; checked when an op is called.
        resources: The resources themselves, by key.
        tags: Labels of the run that the op sees.
        run_config: The run configuration that the op sees.
        instance: The instance that the op sees.
    """
    facts: list[UserFact] = []
    values = dict(resources or {})
    return DirectOpContext(
        op_config,
        ScopedResources("this context", values),
        logging.getLogger(LOGGER_NAME),
        Run(job_name="direct", tags=check_tags(tags), run_config=dict(run_config or {})),
        step_key="",
        op_name="",
        _instance=instance,
        _log_fact=facts.append,
        facts=facts,
        resource_values=values,
    )
