"""ConfigMapping: makes a larger configuration from a smaller one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runrack.errors import InvalidDefinitionError, with_article


@dataclass(frozen=True)
class ConfigMapping:
    """Makes the configuration of the ops inside of a graph, or a whole run configuration, from a smaller one.

    Attributes:
        config_fn: Gives it from what was accepted.
        config_schema: What is accepted; anything when left out.
    """

    config_fn: Callable[[Any], Any]
    config_schema: Any = None


def as_config_mapping(config: Any) -> ConfigMapping | None:
    """Return what `config` of a graph comes to: a plain mapping leaves nothing to be configured."""
    if config is None or isinstance(config, ConfigMapping):
        return config
    if not isinstance(config, Mapping):
        raise InvalidDefinitionError(
            f"config of a graph is a mapping by name of the op, or a ConfigMapping, not {with_article(type(config).__name__)}"
        )
    return ConfigMapping(lambda _: config)
