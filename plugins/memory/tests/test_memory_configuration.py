"""The storages of runrack-memory as an operator chooses them, and who shares what they hold."""

import pytest

from runrack.errors import ConfigError
from runrack.host.configurable import ConfigurableClassData
from runrack.testing.builders import make_run
from runrack_memory import MemoryEventLogStorage, MemoryRunStorage, MemoryScheduleStorage, MemoryStorage

CLASSES = [MemoryStorage, MemoryRunStorage, MemoryEventLogStorage, MemoryScheduleStorage]


@pytest.mark.parametrize("cls", CLASSES)
def test_a_storage_is_built_from_an_empty_configuration(cls):
    """A storage is built from `{}` and remembers what it was built from; built by hand, it does not."""
    data = ConfigurableClassData("runrack_memory", cls.__name__, "{}")
    storage = data.rehydrate(cls)
    assert (type(storage), storage.inst_data) == (cls, data)
    assert cls().inst_data is None


@pytest.mark.parametrize("cls", CLASSES)
def test_there_is_nothing_to_configure(cls):
    """Any key is an error."""
    with pytest.raises(ConfigError):
        ConfigurableClassData("runrack_memory", cls.__name__, "{size: 1}").rehydrate()


def test_what_a_storage_holds_is_its_own():
    """Two storages share nothing."""
    first, second = MemoryStorage(), MemoryStorage()
    first.run_storage.add_run(make_run())
    assert second.run_storage.get_runs_count() == 0
