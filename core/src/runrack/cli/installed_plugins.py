"""The installed plugins under the operator's policy, also where the configuration is broken."""

from __future__ import annotations

import click

from runrack.errors import ConfigError
from runrack.host.discovery import discover
from runrack.host.hooks import PluginHooks
from runrack.host.registry import PluginRegistry
from runrack.host.slots import HOOKS_SLOT


def installed_plugins() -> PluginRegistry:
    """Return the plugins of this process under the policy of `runrack.yaml`.

    A home or a file that cannot be used is mentioned on standard error; the policy of the environment counts then.
    """
    from runrack.instance.configuration import CONFIG_FILE, load_configuration
    from runrack.instance.home import find_home

    try:
        return load_configuration(find_home() / CONFIG_FILE).make_registry()
    except ConfigError:
        click.echo(
            "note: runrack.yaml cannot be used, so its `plugins:` section does not count here;"
            " `runrack config check` says why",
            err=True,
        )
        return PluginRegistry()


def let_plugins_add_commands(group: click.Group) -> None:
    """Call the hook `command_line_built`, if any plugin listens to hooks at all."""
    if any(entry.slot == HOOKS_SLOT for entry in discover().entries):
        PluginHooks(installed_plugins()).call("command_line_built", group=group)
