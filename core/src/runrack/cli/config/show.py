"""`runrack config show`."""

from __future__ import annotations

from typing import Any

import click

from runrack.cli.output.display import escape
from runrack.cli.output.masking import masked_part
from runrack.cli.output.yaml_output import as_yaml
from runrack.host.slots import get_slot
from runrack.instance.configuration import CONFIG_FILE, Configuration, load_configuration
from runrack.instance.home import find_home


@click.command
def command() -> None:
    """Show the configuration with its defaults.

    References stay as they are, and what looks like a secret is shown as ***. No plugin is imported.
    """
    home = find_home()
    file = home / CONFIG_FILE
    configuration = load_configuration(file)
    shown = {key: masked_part(value) for key, value in _whole(configuration, str(home)).items()}
    origin = str(file) if file.exists() else f"there is no {file}: every part is the default one"
    click.echo(escape(f"# {origin}"))
    click.echo(escape(as_yaml(shown)), nl=False)


def _whole(configuration: Configuration, base_dir: str) -> dict[str, Any]:
    """Return the file with what it leaves out: each part in its long form, then the settings."""
    parts = configuration.choose_parts(configuration.make_registry(), base_dir)
    shown: dict[str, Any] = {
        get_slot(slot).yaml_key or slot: data.info_dict() for slot, data in sorted(parts.items())
    }
    if configuration.instance_class is not None:
        shown["instance_class"] = configuration.instance_class.info_dict()
    return shown | configuration.settings
