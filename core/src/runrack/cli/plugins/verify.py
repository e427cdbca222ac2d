"""`runrack plugins verify`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from runrack.cli.installed_plugins import installed_plugins
from runrack.cli.output.display import escape_line
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.table import colored
from runrack.cli.plugins.verification import (
    ConfiguredPlugin,
    find_conformance_file,
    plugins_named,
    require_testing_extra,
    verify_configured,
    verify_package,
)
from runrack.cli.plugins.view import BROKEN
from runrack.errors import PluginError, PluginNotFoundError
from runrack.host.conformance_report import ConformanceFailure, ConformanceReport, SuiteResult
from runrack.host.manifest import top_level_package
from runrack.host.plugin_record import PluginRecord
from runrack.host.slots import PLUGIN_API_SLOT, SLOTS


@click.command
@click.argument("name")
@click.option("--slot", type=click.Choice(list(SLOTS)), metavar="SLOT", help="Only plugins of this slot.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML file with the plugin's configuration; {folder} in it is an empty folder for each test.",
)
@click.option(
    "--ability",
    "abilities",
    multiple=True,
    help="With --config: what the plugin can do, such as survives_reopen; may be repeated.",
)
@click.option(
    "--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the report there."
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    slot: str | None,
    config_file: Path | None,
    abilities: tuple[str, ...],
    report_file: Path | None,
    as_json: bool,
) -> None:
    """Run the conformance suites against installed plugins.

    NAME is a plugin, a distribution or an import package. Exits with 1 when a test fails. The plugins are made as the module
    `conformance` of their package says, or, with --config, from that configuration.
    """
    require_testing_extra()
    records = _chosen(name, slot)
    report = _verify(records, config_file, abilities)
    if report_file is not None:
        report_file.write_text(report.render(), encoding="utf-8")
    if as_json:
        print_json(report.as_json())
    else:
        _print_report(report)
        _print_untested(records, report)
    ctx.exit(0 if report.is_green else 1)


def _chosen(name: str, slot: str | None) -> list[PluginRecord]:
    """Return the plugins to verify: at least one, all of one package."""
    records = plugins_named(
        [
            record
            for record in installed_plugins().list_plugins()
            if record.slot != PLUGIN_API_SLOT and slot in {None, record.slot}
        ],
        name,
    )
    if not records:
        where = "" if slot is None else f" for the slot {slot}"
        raise PluginNotFoundError(
            f"no plugin, distribution or package of the name {name!r} is installed{where}",
            fix="`runrack plugins list` shows those that are",
        )
    for record in records:
        if record.state in BROKEN:
            raise PluginError(
                f"{record.slot} {record.name} of {record.label} cannot be used: {record.reason}",
                fix=record.fix,
            )
    packages = sorted({top_level_package(record.target) for record in records})
    if len(packages) > 1:
        raise PluginError(
            f"{name!r} means plugins of several packages: {', '.join(packages)}",
            fix="name one of them, or choose with --slot",
        )
    return records


def _verify(
    records: Sequence[PluginRecord], config_file: Path | None, abilities: Sequence[str]
) -> ConformanceReport:
    package = top_level_package(records[0].target)
    progress = _show_progress if sys.stderr.isatty() else _show_nothing
    try:
        if config_file is None and find_conformance_file(package) is not None:
            slots = sorted({record.slot for record in records})
            return verify_package(package, slots, progress)
        return verify_configured(_configured(records, config_file, abilities), progress)
    finally:
        if progress is _show_progress:
            click.echo("\r\x1b[K", nl=False, err=True)


def _configured(
    records: Sequence[PluginRecord], config_file: Path | None, abilities: Sequence[str]
) -> ConfiguredPlugin:
    if len(records) > 1:
        raise PluginError(
            f"{records[0].label} has several plugins of this name: "
            + ", ".join(f"{record.slot} {record.name}" for record in records),
            fix="choose one with --slot",
        )
    (record,) = records
    config = {} if config_file is None else _read_config(config_file)
    return ConfiguredPlugin(record.slot, record.target, config, abilities)


def _read_config(file: Path) -> dict[str, Any]:
    from runrack.config.document import load_document

    return load_document(file).value


def _show_progress(done: int, total: int) -> None:
    click.echo(f"\r\x1b[Kverifying: {done} of {total} tests", nl=False, err=True)


def _show_nothing(_done: int, _total: int) -> None:
    """Show nothing: standard error is no terminal."""


def _print_report(report: ConformanceReport) -> None:
    for result in report.suites:
        _print_result(result)
    tests = sum(result.passed + result.failed for result in report.suites)
    failed = sum(result.failed for result in report.suites)
    if failed:
        click.echo(f"{colored('failed')}: {failed} of {tests} tests fail")
    elif tests:
        click.echo(f"ok: {tests} tests passed")


def _print_untested(records: Sequence[PluginRecord], report: ConformanceReport) -> None:
    """Print which of the plugins no suite was for."""
    for record in records:
        if not report.find(record.slot, record.target):
            click.echo(f"not tested: {record.slot} {escape_line(record.name)}, for which there is no suite")


def _print_result(result: SuiteResult) -> None:
    what = (
        f"{result.name} of {result.distribution} {result.version}" if result.name else "no installed plugin"
    )
    click.echo(f"{click.style(result.slot, bold=True)} {escape_line(what)}: {result.counts} ({result.suite})")
    for failure in result.failures:
        _print_failure(failure)


def _print_failure(failure: ConformanceFailure) -> None:
    click.echo(f"  {click.style(escape_line(failure.test), fg='red')}")
    click.echo(f"    states   {escape_line(failure.states)}")
    if failure.look_at:
        click.echo(f"    look at  {escape_line(failure.look_at)}")
    click.echo(f"    error    {escape_line(failure.error)}")
