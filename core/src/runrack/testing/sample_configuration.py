"""Configurations that hold everything a schema knows, to try out what becomes of each setting."""

from typing import Any

from runrack.config.scalar import AnyValue, Bool, ConfigType, Enum, Float, Int, Number, String
from runrack.config.vocabulary import Array, Map, Noneable, Selector, Shape, Union

_SAMPLES = ((Bool, True), (Int, 7), (Float, 0.5), (String, "text"), (AnyValue, "text"))


def sample_configuration(config: ConfigType, choice: int) -> Any:  # noqa: PLR0911 - one for each type
    """Return a valid value with all that the type knows; of alternatives the one that `choice` selects."""
    match config:
        case Enum():
            return config.values[0]
        case Number() if config.minimum is not None or config.maximum is not None:
            return config.sample
        case Noneable():
            return sample_configuration(config.inner, choice)
        case Array():
            return [sample_configuration(config.inner, choice)]
        case Map():
            return {"some": sample_configuration(config.inner, choice)}
        case Selector():
            name, field = list(config.fields.items())[choice % len(config.fields)]
            return {name: sample_configuration(field.config_type, choice)}
        case Union():
            return sample_configuration(config.inner[choice % len(config.inner)], choice)
        case Shape():
            return {
                name: sample_configuration(field.config_type, choice) for name, field in config.fields.items()
            }
    return next(value for kind, value in _SAMPLES if isinstance(config, kind))


def block_style(value: Any, indent: int = 0) -> list[str]:
    """Return the lines of a value as YAML in block style."""
    pad = " " * indent
    lines = []
    if isinstance(value, list):
        for item in value:
            first, *rest = block_style(item, indent + 2)
            lines += [f"{pad}- {first.lstrip()}", *rest]
        return lines
    if not isinstance(value, dict):
        return [f"{pad}{_scalar(value)}"]
    for key, item in value.items():
        is_nested = isinstance(item, dict | list) and item
        lines += (
            [f"{pad}{key}:", *block_style(item, indent + 2)]
            if is_nested
            else [f"{pad}{key}: {_scalar(item)}"]
        )
    return lines


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
