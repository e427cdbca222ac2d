"""ConfigurableClass and ConfigurableClassData: from module, class and config to an object."""

import pickle
from abc import ABC, abstractmethod

import msgspec
import pytest
from typing_extensions import override

from runrack.errors import ConfigError, InvalidArgumentError, PluginBlockedError, PluginLoadError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.host.discovery import discover
from runrack.host.policy import PluginPolicy
from runrack.host.registry import PluginRegistry
from runrack.testing.plugins import fake_distribution

SOURCE = """
from runrack.host.configurable import ConfigurableClass

class Store(ConfigurableClass):
    def __init__(self, host, port, password=None, inst_data=None):
        self.host, self.port, self.password, self._inst_data = host, port, password, inst_data

    @property
    def inst_data(self):
        return self._inst_data

    @classmethod
    def config_type(cls):
        from runrack.config import Field
        return {"host": str, "port": Field(int, default_value=5432), "password": Field(str, is_required=False)}

    @classmethod
    def from_config_value(cls, inst_data, config_value):
        return cls(inst_data=inst_data, **config_value)

class StaticStore(Store):
    @staticmethod
    def from_config_value(inst_data, config_value):
        return StaticStore(inst_data=inst_data, **config_value)

class Forgetful(Store):
    @classmethod
    def from_config_value(cls, inst_data, config_value):
        cls(inst_data=inst_data, **config_value)

class Plain:
    pass
"""


@pytest.fixture
def acme(site):
    """A module `acme` of an installed plugin distribution."""
    fake_distribution(
        site, "acme", entry_points={"runrack.storage": {"a": "acme:Store"}}, modules={"acme.py": SOURCE}
    )
    return site


@pytest.mark.parametrize("class_name", ["Store", "StaticStore"])
def test_rehydrate_builds_the_object(acme, class_name):
    """Defaults are filled in, references resolved, and the object knows what it was made from."""
    data = ConfigurableClassData("acme", class_name, "host: db\npassword: {env: DB_PASSWORD}\n")
    built = data.rehydrate(environ={"DB_PASSWORD": "canary-7"})

    assert type(built).__name__ == class_name
    assert (built.host, built.port, built.password) == ("db", 5432, "canary-7")
    assert built.inst_data == data


def test_each_rehydrate_builds_anew(acme):
    """Two calls give two objects."""
    data = ConfigurableClassData("acme", "Store", "{host: db}")

    assert data.rehydrate() is not data.rehydrate()


def test_a_file_reference_is_relative_to_the_base_folder(acme, tmp_path):
    """A relative `{file: …}` is read below the folder that the caller names."""
    (tmp_path / "password").write_text("canary-8\n")
    data = ConfigurableClassData("acme", "Store", "{host: db, password: {file: password}}")

    assert data.rehydrate(base_dir=tmp_path).password == "canary-8"


def test_data_is_an_immutable_value():
    """Equal data are equal, hashable, and cannot be changed."""
    data = ConfigurableClassData("m", "C", "{}")

    assert len({data, ConfigurableClassData("m", "C", "{}")}) == 1
    with pytest.raises(AttributeError):
        data.class_name = "D"


@pytest.mark.parametrize("fields", [(None, "C", "{}"), ("m", 1, "{}"), ("m", "C", {})])
def test_data_holds_strings_only(fields):
    """Anything but three strings is refused at once."""
    with pytest.raises(InvalidArgumentError):
        ConfigurableClassData(*fields)


def test_data_survives_serialisation():
    """JSON and pickle give back the same data, references unresolved."""
    data = ConfigurableClassData.from_config("m", "C", {"password": {"env": "DB_PASSWORD"}})

    assert msgspec.json.decode(msgspec.json.encode(data), type=ConfigurableClassData) == data
    assert pickle.loads(pickle.dumps(data)) == data
    assert data.config_dict == {"password": {"env": "DB_PASSWORD"}}
    assert data.info_dict() == {"module": "m", "class": "C", "config": {"password": {"env": "DB_PASSWORD"}}}


@pytest.mark.parametrize("text", ["host: db\nport: 1\n", '{"host": "db", "port": 1}', "{host: db, port: 1}"])
def test_the_configuration_is_yaml(text):
    """Block style, flow style and JSON are all read."""
    assert ConfigurableClassData("m", "C", text).config_dict == {"host": "db", "port": 1}


@pytest.mark.parametrize("text", ["", "  \n", "- a\n", "[1]", "12", '"text"', "{a: b", "a: 1\na: 2\n"])
def test_a_configuration_that_is_no_mapping_is_an_error(text):
    """Empty text, lists, scalars and broken YAML are refused; `{}` is how to say nothing."""
    with pytest.raises(ConfigError):
        _ = ConfigurableClassData("m", "C", text).config_dict
    assert ConfigurableClassData("m", "C", "{}").config_dict == {}


def test_every_problem_of_the_configuration_is_listed(acme):
    """A wrong configuration names each problem with its path and shows no value."""
    text = "{hots: canary-9, port: canary-9, password: {env: SURELY_NOT_SET}}"
    with pytest.raises(ConfigError) as caught:
        ConfigurableClassData("acme", "Store", text).rehydrate(environ={})

    message = str(caught.value)
    assert "Store.hots" in message
    assert "did you mean 'host'?" in message
    assert "Store.port" in message
    assert "SURELY_NOT_SET" in message
    assert "canary-9" not in message


@pytest.mark.parametrize(
    ("module", "class_name", "message"),
    [
        (
            "surely_not_there",
            "Store",
            "module: surely_not_there, class: Store cannot be used: no module named",
        ),
        ("acme", "Stroe", "'acme' has no attribute 'Stroe' (AttributeError); did you mean 'Store'?"),
        ("acme", "Plain", "Plain does not derive from runrack.host.configurable.ConfigurableClass"),
        ("acme", "Forgetful", "acme.Forgetful: from_config_value gave a NoneType, not a ConfigurableClass"),
    ],
)
def test_a_class_that_cannot_be_built_is_told(acme, module, class_name, message):
    """A missing module or class, a class of another kind, and a constructor without result have their own messages."""
    with pytest.raises(PluginLoadError) as caught:
        ConfigurableClassData(module, class_name, "{host: db}").rehydrate()
    assert message in str(caught.value)


def test_the_wanted_type_is_checked(acme):
    """The class has to derive from what the caller wants, and from ConfigurableClass as well."""

    class Wanted(ABC):
        @abstractmethod
        def method(self):
            """Do something."""

    with pytest.raises(PluginLoadError, match=r"Store does not derive from .*Wanted"):
        ConfigurableClassData("acme", "Store", "{host: db}").rehydrate(Wanted)
    with pytest.raises(PluginLoadError, match=r"acme\.Plain does not derive from .*ConfigurableClass, so it"):
        ConfigurableClassData("acme", "Plain", "{}").rehydrate(object)


def test_the_policy_of_the_registry_holds(acme):
    """A class of a blocked distribution is not built, however it is named."""
    registry = PluginRegistry(discover([str(acme)], "no index"), PluginPolicy(block=("acme",)))
    with pytest.raises(PluginBlockedError):
        ConfigurableClassData("acme", "Store", "{host: db}").rehydrate(registry=registry)


def test_an_object_built_directly_has_no_data():
    """`inst_data` is None for an object that Python code made."""

    class Direct(ConfigurableClass):
        @property
        @override
        def inst_data(self):
            return None

        @classmethod
        @override
        def config_type(cls):
            return {}

        @classmethod
        @override
        def from_config_value(cls, inst_data, config_value):
            return cls()

    assert Direct().inst_data is None


def test_the_configuration_is_all_that_a_class_has_to_say():
    """A class that leaves `config_type` out cannot be made; its constructor is given what is configured by name."""

    class Greeting(ConfigurableClass):
        def __init__(self, text, inst_data=None):
            self.text, self._inst_data = text, inst_data

        @classmethod
        def config_type(cls):
            return {"text": str}

    data = ConfigurableClassData.from_config("greetings", "Greeting", {"text": "hello"})
    made = Greeting.from_config_value(data, {"text": "hello"})
    assert (made.text, made.inst_data, Greeting("hi").inst_data) == ("hello", data, None)
    assert ConfigurableClass.__abstractmethods__ == {"config_type"}
