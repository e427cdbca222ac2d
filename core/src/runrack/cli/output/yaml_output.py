"""Plain data as YAML, for people."""

from __future__ import annotations

from typing import Any


def as_yaml(value: dict[str, Any]) -> str:
    """Return plain data as YAML in block style, in its own order."""
    from io import StringIO

    from ruamel.yaml import YAML

    stream = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed by its first value
    yaml.dump(value, stream)
    return stream.getvalue()
