"""What a definition accepts as its configuration, and `configured`, which gives some or all of it in advance.

The mechanism is one for ops, resources and executors. A `ConfigContract` is what is accepted from outside; where the definition
was made by `configured`, it also knows how that becomes what the inner definition accepts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runrack.config.evaluation import evaluate_or_raise
from runrack.config.vocabulary import AnyValue, Field, resolve_field
from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.errors import ConfigError, ConfigMappingError, InvalidDefinitionError


@dataclass(frozen=True)
class ConfigContract:
    """What a definition accepts as its configuration.

    Attributes:
        field: The schema of what is accepted.
        mapping: Gives the inner configuration from what was accepted; None for a definition that has no inner one.
        inner: What the inner definition accepts.
    """

    field: Field
    mapping: Callable[[Any], Any] | None = None
    inner: ConfigContract | None = None

    @classmethod
    def from_schema(cls, config_schema: Any) -> ConfigContract:
        """Return the contract of a definition with this schema; without one, any configuration is accepted, or none.

        Raises:
            InvalidDefinitionError: The schema is none.
        """
        if config_schema is None:
            return cls(Field(AnyValue, default_value=None))
        return cls(resolve_field(config_schema))

    def configured(self, config_or_config_fn: Any, config_schema: Any = None) -> ConfigContract:
        """Return the contract that is left when `config_or_config_fn` supplies the configuration.

        Raises:
            InvalidDefinitionError: A value comes with a schema, which nothing could satisfy.
        """
        if callable(config_or_config_fn):
            return ConfigContract(
                self.from_schema(config_schema).field, mapping=config_or_config_fn, inner=self
            )
        if config_schema is not None:
            raise InvalidDefinitionError(
                "configured() takes a config_schema only with a function: a value leaves nothing to be configured"
            )
        return ConfigContract(self.from_schema(None).field, mapping=lambda _: config_or_config_fn, inner=self)

    def apply(self, config: Any, label: str) -> Any:
        """Return what the definition's function gets.

        Args:
            config: The configuration, checked against `field`, with its defaults.
            label: What is configured, for messages.

        Raises:
            ConfigMappingError: The function given to `configured` raised.
            ConfigError: What `configured` supplies does not satisfy the inner schema.
        """
        mapping, inner = self.mapping, self.inner
        if mapping is None or inner is None:
            return config
        with user_code_error_boundary(ConfigMappingError, lambda: f"the config function of {label} raised"):
            supplied = mapping(config)
        try:
            checked = evaluate_or_raise(inner.field, supplied)
        except ConfigError as error:
            raise ConfigError(
                f"what configured() supplies to {label} does not fit:\n{error.message}", error.problems
            ) from None
        return inner.apply(checked, label)
