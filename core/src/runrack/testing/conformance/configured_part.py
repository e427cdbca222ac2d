"""ConfiguredPartConformance: what holds for every part that an operator names and configures in `runrack.yaml`."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from runrack.errors import ConfigError, InvariantViolationError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.part import InstancePart
from runrack.testing.conformance.suite import ConformanceSuite, PartT


class ConfiguredPartConformance(ConformanceSuite[PartT]):
    """The tests for what a part has in common with the parts of other kinds.

    Attributes:
        config: What may stand in `runrack.yaml` for the part, if it takes anything: best a value for every field.
    """

    config: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def part(self, tmp_path: Path) -> Iterator[PartT]:
        """The part, which belongs to no instance."""
        part = self.make_storage(tmp_path)
        yield part
        part.dispose()

    @property
    @abstractmethod
    def interface(self) -> type[InstancePart]:
        """The interface of the part."""

    def test_it_is_built_from_configuration(self, part: PartT) -> None:
        """The class and its configuration, as text that another process gets, build the part, which knows what it was built from.

        If it fails: does the class derive from ConfigurableClass, and does `from_config_value` keep `inst_data`?
        """
        assert isinstance(part, ConfigurableClass)
        data = msgspec.json.decode(msgspec.json.encode(self._data_of(part)), type=ConfigurableClassData)
        built = data.rehydrate(self.interface)
        try:
            assert type(built) is type(part)
            assert built.inst_data == data
        finally:
            built.dispose()

    def test_a_mistyped_field_is_refused(self, part: PartT) -> None:
        """A field that the configuration does not have is an error that names it.

        Look at `config_type`: a `Permissive` takes whatever field there is.
        """
        with pytest.raises(ConfigError, match="surely_no_field"):
            self._data_of(part, surely_no_field=1).rehydrate(self.interface)

    def test_no_configuration_is_shown(self, part: PartT) -> None:
        """The text of the object, as logs may hold it, tells no value of its configuration: one may be a secret.

        Look at `__repr__`: leave out every value that came from the configuration.
        """
        built = self._data_of(part).rehydrate(self.interface)
        try:
            shown = f"{built!r} {built}"
            assert [value for value in _texts_in(self.config) if value in shown] == []
        finally:
            built.dispose()

    def test_without_an_instance_it_says_so(self, part: PartT) -> None:
        """A part that belongs to no instance can be told from one that does, and says so when it is asked for it.

        Look at whether you replaced `register_instance` or `instance` of `InstancePart`.
        """
        assert not part.has_instance
        with pytest.raises(InvariantViolationError):
            _ = part.instance

    def test_it_can_be_closed_twice(self, part: PartT) -> None:
        """Closing a part is harmless when it was never used, and when it is repeated.

        Look at what `dispose` closes: closing again, or what was never opened, must do nothing.
        """
        part.dispose()
        part.dispose()

    def _data_of(self, part: PartT, **more: Any) -> ConfigurableClassData:
        cls = type(part)
        return ConfigurableClassData.from_config(cls.__module__, cls.__name__, {**self.config, **more})


def _texts_in(config: object) -> Iterator[str]:
    """Yield what stands in a configuration, as text, but for what is too short to be told from other text."""
    if isinstance(config, Mapping):
        for value in config.values():
            yield from _texts_in(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _texts_in(value)
    elif len(str(config)) > 3:  # shorter ones, as `True`, are no secrets
        yield str(config)
