"""`runrack storage check`."""

from __future__ import annotations

from pathlib import Path

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.table import print_table
from runrack.cli.storage.parts import storages_with
from runrack.instance.event_spool import waiting_events
from runrack.instance.instance import Instance
from runrack.interfaces.storage_check import Finding, Severity, SupportsCheck


@click.command
@json_option
def command(as_json: bool) -> None:
    """Say whether what the storage keeps is whole.

    Reads everything that is stored and changes nothing.

    Exits with 1 when something has to be done.
    """
    with open_instance() as instance:
        found = {name: list(part.check()) for name, part in storages_with(instance, SupportsCheck)}
        found["spool"] = [_check_spool(instance)]
    if as_json:
        print_json({name: [_as_json(finding) for finding in findings] for name, findings in found.items()})
    else:
        print_table(
            ["STORAGE", "SUBJECT", "RESULT", "FOUND"],
            [
                [name, finding.subject, finding.severity.value, finding.message]
                for name, findings in found.items()
                for finding in findings
            ],
        )
        if len(found) == 1:
            click.echo("This storage cannot check itself.")
    if any(finding.severity is Severity.PROBLEM for findings in found.values() for finding in findings):
        click.get_current_context().exit(1)


def _check_spool(instance: Instance) -> Finding:
    waiting = waiting_events(Path(instance.root_directory))
    if waiting:
        return Finding("events", Severity.NOTE, f"{waiting} wait on this machine to be stored")
    return Finding("events", Severity.OK, "none wait to be stored")


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "subject": finding.subject,
        "severity": finding.severity.value,
        "message": finding.message,
    }
