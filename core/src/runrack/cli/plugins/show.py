"""`runrack plugins show`."""

from __future__ import annotations

from typing import Any

import click

from runrack.cli.installed_plugins import installed_plugins
from runrack.cli.output.display import escape
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.plugins.view import plugin_as_json, print_field, print_plugin
from runrack.errors import PluginError
from runrack.host.conformance_report import ConformanceReport, SuiteResult, read_package_report
from runrack.host.manifest import ManifestEntry, describe_plugin, read_manifest, top_level_package
from runrack.host.plugin_record import PluginRecord
from runrack.host.registry import PluginRegistry
from runrack.host.slots import SLOTS


@click.command
@click.argument("slot", type=click.Choice(list(SLOTS)), metavar="SLOT")
@click.argument("name")
@json_option
def command(slot: str, name: str, as_json: bool) -> None:
    """Show one plugin with its configuration.

    Where the plugin's package has no manifest, the plugin is imported.
    """
    registry = installed_plugins()
    record = registry.get_plugin(slot, name)
    entry = _describe(registry, record)
    if as_json:
        print_json(
            {
                **plugin_as_json(record),
                "summary": entry.summary,
                "abilities": entry.abilities,
                "secret_paths": entry.secret_paths,
                "config_schema": entry.config_schema,
                "conformance": _claims_as_json(record),
            }
        )
        return
    print_plugin(record)
    _print_claims(record)
    if entry.abilities:
        print_field("abilities", ", ".join(entry.abilities))
    if entry.summary:
        click.echo(f"\n{escape(entry.summary)}")
    _print_configuration(entry)


def _describe(registry: PluginRegistry, record: PluginRecord) -> ManifestEntry:
    manifest = read_manifest(top_level_package(record.target))
    entry = None if manifest is None else manifest.find(record.slot, record.target)
    return entry if entry is not None else describe_plugin(record, registry.load(record))


def _claims(record: PluginRecord) -> tuple[ConformanceReport, list[SuiteResult]] | None:
    """Return the report that the plugin's package ships and what it says of the plugin; None when it ships none."""
    report = read_package_report(top_level_package(record.target))
    return None if report is None else (report, report.find(record.slot, record.target))


def _claims_as_json(record: PluginRecord) -> dict[str, Any] | None:
    try:
        claims = _claims(record)
    except PluginError as error:
        return {"error": error.message}
    if claims is None:
        return None
    report, results = claims
    suites = [{**result._asdict(), "is_stale": result.version != record.version} for result in results]
    return {"made": report.made, "core": report.core, "plugin_api": report.plugin_api, "suites": suites}


def _print_claims(record: PluginRecord) -> None:
    try:
        claims = _claims(record)
    except PluginError as error:
        print_field("conformance", error.message.partition("\n")[0])
        return
    if claims is None:
        return
    report, results = claims
    for result in results:
        print_field("conformance", f"{result.counts}; {_origin(record, report, result)}")
    if not results:
        print_field("conformance", "its package ships a report that does not mention this plugin")


def _origin(record: PluginRecord, report: ConformanceReport, result: SuiteResult) -> str:
    """Return where the figures come from, and whether they are of the version that is installed."""
    stated = f"stated by the package, made with runrack-core {report.core}"
    if result.version == record.version:
        return stated
    again = f"`runrack plugins verify {record.name} --slot {record.slot}` makes it again"
    return f"{stated} for version {result.version}, which is not the one installed: {again}"


def _print_configuration(entry: ManifestEntry) -> None:
    if entry.config_schema is None:
        return
    properties = entry.config_schema.get("properties", {})
    required = entry.config_schema.get("required", ())
    click.echo("\nConfiguration:" if properties else "\nConfiguration: none")
    for name, schema in properties.items():
        remark = (
            "required"
            if name in required
            else f"default {schema['default']!r}"
            if "default" in schema
            else "optional"
        )
        if schema.get("x-secret") is True:
            remark += ", secret"
        click.echo(escape(f"  {name} ({remark})  {schema.get('description', '')}").rstrip())
