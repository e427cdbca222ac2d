"""MemoryConfigurable: what the storages of this plugin have in common as configurable classes."""

from typing import Any

from typing_extensions import override

from runrack.host.configurable import ConfigurableClass, ConfigurableClassData


class MemoryConfigurable(ConfigurableClass):
    """A class without configuration: its `config` is an empty mapping."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {}
