"""The executor that a plugin's name stands for."""

from __future__ import annotations

from typing import cast

from runrack.definitions.executor import ExecutorDefinition
from runrack.errors import PluginLoadError
from runrack.host.loading import TargetError
from runrack.host.type_check import check_instance
from runrack.interfaces.part import PluginLoader


def load_executor(plugins: PluginLoader, name: str) -> ExecutorDefinition:
    """Return the executor plugin of this name.

    Raises:
        PluginError: It cannot be used, or is no `ExecutorDefinition`.
    """
    found = plugins.load_plugin("executor", name)
    try:
        return cast("ExecutorDefinition", check_instance(found, ExecutorDefinition))
    except TargetError as error:
        message = f"the executor plugin {name!r} cannot be used: {error.reason}"
        fix = f"{error.fix}; `runrack plugins why {name}` tells which distribution declares it"
        raise PluginLoadError(message, fix=fix, code=error.code) from None
