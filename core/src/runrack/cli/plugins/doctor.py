"""`runrack plugins doctor`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runrack.cli.installed_plugins import installed_plugins
from runrack.cli.output.display import escape_line
from runrack.cli.plugins.view import BROKEN, print_field, print_plugin
from runrack.errors import PluginError
from runrack.host.entry_point import Diagnostic
from runrack.host.manifest import read_manifest, top_level_package
from runrack.host.plugin_record import PluginRecord, PluginState


@click.command
@click.option(
    "--import", "may_import", is_flag=True, help="Import every plugin, each in a process of its own."
)
@click.pass_context
def command(ctx: click.Context, may_import: bool) -> None:
    """Say what is wrong with the installed plugins.

    Without --import that is what can be known from their metadata. Exits with 1 when something is wrong.
    """
    registry = installed_plugins()
    records = registry.list_plugins()
    if may_import:
        records = _tried(records)
    broken = [record for record in records if record.state in BROKEN]
    diagnostics = [*registry.diagnostics, *_manifest_diagnostics(records)]
    for record in broken:
        print_plugin(record)
        click.echo()
    for found in diagnostics:
        _print_diagnostic(found)
    problems = len(broken) + len(diagnostics)
    click.echo(_verdict(records, problems, may_import=may_import))
    ctx.exit(1 if problems else 0)


def _tried(records: Sequence[PluginRecord]) -> list[PluginRecord]:
    from runrack.cli.plugins.trial import try_plugin

    return [try_plugin(record) if record.state is PluginState.FOUND else record for record in records]


def _manifest_diagnostics(records: Sequence[PluginRecord]) -> list[Diagnostic]:
    """Return what is wrong with the manifests of the packages that hold the plugins."""
    labels = {top_level_package(record.target): record for record in records if record.distribution}
    found = []
    for package, record in labels.items():
        try:
            read_manifest(package)
        except PluginError as error:
            reason = error.message.partition("\n")[0]
            found.append(Diagnostic(record.label, package, reason, error.fix or ""))
    return found


def _print_diagnostic(found: Diagnostic) -> None:
    click.echo(click.style(escape_line(found.distribution), bold=True))
    print_field("path", found.path)
    print_field("reason", found.reason)
    print_field("fix", found.fix)
    print_field("more", f"runrack explain {found.code}")
    click.echo()


def _verdict(records: Sequence[PluginRecord], problems: int, *, may_import: bool) -> str:
    blocked = sum(record.state is PluginState.BLOCKED for record in records)
    left_out = f", {blocked} of them blocked by the policy" if blocked else ""
    checked = "imported" if may_import else "looked at; --import tries each of them"
    verdict = f"{problems} problems" if problems > 1 else "1 problem" if problems else "nothing is wrong"
    return f"{verdict}: {len(records)} plugins{left_out}, {checked}"
