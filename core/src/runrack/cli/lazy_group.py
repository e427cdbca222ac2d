"""LazyGroup: a group of commands that imports a command only when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click
from typing_extensions import override


class LazyCommand(NamedTuple):
    """A command that is not imported yet.

    Attributes:
        module: The module below `runrack.cli`; it holds the command under the name `command`.
        summary: What the help of the group says about it.
    """

    module: str
    summary: str


class LazyGroup(click.Group):
    """A group whose help imports none of its commands.

    Args:
        members: The commands by name, in the order of the help.
        arguments: As for `click.Group`.
    """

    def __init__(self, *, members: Mapping[str, LazyCommand | click.Command], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._members = dict(members)

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(dict.fromkeys([*self._members, *self.commands]))

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in self._members:
            self.add_command(self._take(cmd_name), cmd_name)
        return super().get_command(ctx, cmd_name)

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-"):
            # click itself suggests only commands that are imported already.
            from runrack.config.problem import nearest

            near = nearest(args[0], names)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self._summary(name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _take(self, name: str) -> click.Command:
        member = self._members[name]
        if isinstance(member, click.Command):
            return member
        found: click.Command = importlib.import_module(f"runrack.cli.{member.module}").command
        found.name = name
        found.short_help = member.summary
        return found

    def _summary(self, name: str) -> str:
        member = self._members.get(name) or self.commands[name]
        return member.summary if isinstance(member, LazyCommand) else member.get_short_help_str(100)
