"""Options of the form KEY=VALUE."""

from __future__ import annotations

from typing import Any

import click
from typing_extensions import override


class KeyValue(click.ParamType[tuple[str, str]]):
    """An option's value `KEY=VALUE`, as a pair."""

    name = "KEY=VALUE"

    @override
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        key, sign, text = str(value).partition("=")
        if not sign or not key:
            self.fail(f"{value!r} is not of the form KEY=VALUE", param, ctx)
        return key, text


tag_option = click.option(
    "--tag", "tags", type=KeyValue(), multiple=True, help="A tag, KEY=VALUE; may be repeated."
)
"""The option `--tag` of every command that has it."""
