"""MemoryConfigurable: what the storages of this plugin have in common as configurable classes."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from runrack.host.configurable import ConfigurableClass, ConfigurableClassData


class MemoryConfigurable(ConfigurableClass):
    """A class without configuration: its `config` is an empty mapping."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data

    @property
    @override
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {}

    @classmethod
    @override
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Any:
        return cls(inst_data=inst_data, **config_value)
