"""`runrack instance info`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.masking import masked_part
from runrack.host.core_version import core_version
from runrack.instance.configuration import CONFIG_FILE
from runrack.instance.home import find_home

_LABEL = 28


@click.command
@json_option
def command(as_json: bool) -> None:
    """Show the home and the parts of the instance.

    No part is created, and no plugin imported, but those that listen to hooks.
    """
    home = find_home()
    with open_instance() as instance:
        info = {key: masked_part(value) for key, value in instance.info_dict().items()}
    file = home / CONFIG_FILE
    if as_json:
        print_json(
            {
                "home": str(home),
                "config_file": str(file) if file.exists() else None,
                "version": core_version(),
                "instance": info,
            }
        )
        return
    _print("home", str(home))
    _print("configuration", _describe_file(file))
    _print("runrack", f"{core_version()}, Python {'.'.join(map(str, sys.version_info[:3]))}")
    for key, value in info.items():
        _print_part(key, value)


def _describe_file(file: Path) -> str:
    if file.exists():
        return str(file)
    return f"no {CONFIG_FILE} in the home: every part is the default one. `runrack init` writes one to start from"


def _print_part(key: str, value: Any) -> None:
    if not isinstance(value, dict):
        _print(key, str(value))
    elif "class" in value:
        _print(key, f"{value['module']}.{value['class']}")
        _print_options(value["config"])
    else:
        _print(key, "")
        _print_options(value)


def _print_options(options: dict[str, Any]) -> None:
    for name, option in options.items():
        _print(f"  {name}", str(option))


def _print(label: str, value: str) -> None:
    click.echo(f"{label:<{_LABEL}}{escape_line(value)}".rstrip())
