"""What an operator writes into runrack.yaml becomes what this package holds."""

import pytest
from runrack.errors import ConfigError
from runrack.host.configurable import ConfigurableClassData

PACKAGE = "runrack_duckdb"
CONFIGURATIONS = {
    "run_storage": ("DuckdbRunStorage", {"base_dir": {"env": "FOLDER"}}),
    "event_log_storage": ("DuckdbEventLogStorage", {"base_dir": {"env": "FOLDER"}}),
}


@pytest.mark.parametrize("module", CONFIGURATIONS)
def test_it_is_built_from_its_configuration(module, tmp_path):
    """The class is built from its configuration, in which a reference may stand for a text, and knows it."""
    class_name, config = CONFIGURATIONS[module]
    data = ConfigurableClassData.from_config(f"{PACKAGE}.{module}", class_name, config)
    built = data.rehydrate(environ={"FOLDER": str(tmp_path)})
    assert type(built).__name__ == class_name
    assert built.inst_data == data


@pytest.mark.parametrize("module", CONFIGURATIONS)
def test_a_misspelt_key_is_refused(module):
    """A key that there is not is a configuration error, which names the nearest that there is."""
    class_name, config = CONFIGURATIONS[module]
    (key,) = config
    data = ConfigurableClassData.from_config(f"{PACKAGE}.{module}", class_name, {f"{key}x": "value"})
    with pytest.raises(ConfigError, match=f"did you mean '{key}'"):
        data.rehydrate()
