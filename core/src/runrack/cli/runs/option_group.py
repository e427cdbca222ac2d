"""Options that stand in groups in the help of a command that has many."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import click
from typing_extensions import override

_OTHERS = "Options"


class GroupedOption(click.Option):
    """An option that stands in a group of the help.

    Args:
        group: The heading of the group.
        arguments: As for `click.Option`.
    """

    def __init__(self, *arguments: Any, group: str, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.group = group


class GroupedCommand(click.Command):
    """A command whose help lists its options by group, in the order in which the groups begin; those of no group come last."""

    @override
    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                groups[getattr(parameter, "group", _OTHERS)].append(record)
        groups[_OTHERS] = groups.pop(_OTHERS, [])
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
