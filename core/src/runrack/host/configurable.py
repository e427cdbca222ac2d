"""ConfigurableClass: what an operator can name and configure in `runrack.yaml`; ConfigurableClassData: such a choice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from typing_extensions import override

from runrack.config.document import Document, parse_document
from runrack.config.evaluation import evaluate_or_raise
from runrack.config.problem import DocumentPath
from runrack.errors import ConfigError, InvalidArgumentError, PluginLoadError, with_article
from runrack.host.registry import PluginRegistry


class ConfigurableClassData(msgspec.Struct, frozen=True):
    """A class and its configuration as text: enough to build the same object in another process.

    The text holds references (`{env: NAME}`) as they stand in the operator's file, so it can be sent and stored
    without giving away what they lead to.

    Attributes:
        module_name: Module of the class.
        class_name: The class.
        config_yaml: Its configuration: YAML or JSON text of a mapping.
    """

    module_name: str
    class_name: str
    config_yaml: str

    @override
    def __repr__(self) -> str:
        """Return the class alone: the configuration may hold a password that stands in the operator's file."""
        return f"ConfigurableClassData({self._label})"

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not isinstance(getattr(self, name), str):
                raise InvalidArgumentError(f"{name} of a ConfigurableClassData is a string")

    @classmethod
    def from_config(
        cls, module_name: str, class_name: str, config: Mapping[str, Any]
    ) -> ConfigurableClassData:
        """Return the data for a configuration that is plain data, references unresolved."""
        return cls(module_name, class_name, msgspec.json.encode(config, order="deterministic").decode())

    @property
    def config_dict(self) -> dict[str, Any]:
        """The configuration as plain data, references unresolved.

        Raises:
            ConfigError: The text is empty, no YAML, or no mapping with string keys.
        """
        if not self.config_yaml.strip():
            raise ConfigError(f"{self._label}: the configuration is empty; write {{}} for none")
        config = self._parse_config()
        if not isinstance(config, dict) or not all(isinstance(key, str) for key in config):
            raise ConfigError(f"{self._label}: the configuration must be a mapping with string keys")
        return config

    def info_dict(self) -> dict[str, Any]:
        """Return the data as it stands in `runrack.yaml`: `module`, `class`, `config`."""
        return {"module": self.module_name, "class": self.class_name, "config": self.config_dict}

    def rehydrate(
        self,
        as_type: type | None = None,
        *,
        registry: PluginRegistry | None = None,
        environ: Mapping[str, str] | None = None,
        base_dir: Path | None = None,
        document: Document | None = None,
        path: DocumentPath | None = None,
    ) -> Any:
        """Import the class, check it, resolve and check its configuration, and return the object built from it.

        Args:
            as_type: What the class has to derive from, besides `ConfigurableClass`.
            registry: Whose policy decides on the class's distribution; that of the environment by default.
            environ: What `{env: NAME}` refers to; the process's environment by default.
            base_dir: What a relative `{file: PATH}` is relative to.
            document: The file that the configuration stands in, for the positions of problems.
            path: Where in the document it stands; by default problems name the class.

        Raises:
            PluginLoadError: The class cannot be imported or is of another kind.
            PluginBlockedError: The policy excludes the distribution of the class.
            ConfigError: The configuration does not satisfy the class's schema, or a reference leads nowhere; it lists
                every problem.
        """
        cls = (registry or PluginRegistry()).load_class(
            self.module_name, self.class_name, as_type or ConfigurableClass
        )
        if not issubclass(cls, ConfigurableClass):
            raise PluginLoadError(
                f"{self._label} does not derive from {ConfigurableClass.__module__}.ConfigurableClass,"
                " so it cannot be built from configuration",
                fix="derive it from ConfigurableClass",
            )
        config = evaluate_or_raise(
            cls.config_type(),
            self.config_dict,
            document=document,
            path=(self.class_name,) if path is None else path,
            environ=environ,
            base_dir=base_dir,
        )
        built = cls.from_config_value(self, config)
        if not isinstance(built, as_type or ConfigurableClass):
            raise PluginLoadError(
                f"{self._label}: from_config_value gave {with_article(type(built).__name__)},"
                f" not {with_article((as_type or ConfigurableClass).__name__)}",
                fix="return the object from from_config_value",
            )
        return built

    @property
    def _label(self) -> str:
        return f"{self.module_name}.{self.class_name}"

    def _parse_config(self) -> object:
        try:
            # What runrack writes is JSON; reading that takes no YAML parser, whose import is slow.
            return msgspec.json.decode(self.config_yaml)
        except msgspec.DecodeError:
            return parse_document(self.config_yaml, f"configuration of {self._label}").value


class ConfigurableClass(ABC):
    """Something that an operator can name and configure in `runrack.yaml`.

    A plugin's class derives from this and from the interface of its slot, and says how it is configured. Its constructor takes
    each setting by its name, and `inst_data`, which it keeps as `_inst_data`; one that takes something else overrides
    `from_config_value`.
    """

    _inst_data: ConfigurableClassData | None = None

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """What the object was built from; None when Python code built it directly."""
        return self._inst_data

    @classmethod
    @abstractmethod
    def config_type(cls) -> Any:
        """Return the schema of the configuration: a `Field`, a config type or a shorthand such as `{"port": int}`."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Any:
        """Return an object built from a checked configuration; a static method serves as well.

        Args:
            inst_data: What the object is built from, to be kept as its `inst_data`.
            config_value: The configuration: defaults filled in, references resolved.
        """
        made: Any = cls
        return made(inst_data=inst_data, **config_value)
