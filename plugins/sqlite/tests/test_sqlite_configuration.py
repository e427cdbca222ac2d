"""The storages as an operator configures them."""

import pytest

from runrack.errors import ConfigError, InvalidArgumentError, NotFoundError
from runrack.host.configurable import ConfigurableClassData
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.run_storage import RunStorage
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.storage import Storage
from runrack.testing.builders import make_run, make_tick
from runrack_sqlite import SqliteRunStorage, SqliteScheduleStorage

CLASSES = {
    "SqliteStorage": (Storage, "runrack.db"),
    "SqliteRunStorage": (RunStorage, "runs.db"),
    "ConsolidatedSqliteEventLogStorage": (EventLogStorage, "event_log.db"),
    "SqliteEventLogStorage": (EventLogStorage, "index.db"),
    "SqliteScheduleStorage": (ScheduleStorage, "schedules.db"),
}


@pytest.mark.parametrize("class_name", CLASSES)
def test_a_storage_is_built_from_its_configuration(tmp_path, class_name):
    """Each class is built from `base_dir`, is of its slot's interface and has a file of its own."""
    interface, file_name = CLASSES[class_name]
    data = ConfigurableClassData.from_config("runrack_sqlite", class_name, {"base_dir": str(tmp_path)})
    storage = data.rehydrate(interface)
    assert storage.inst_data == data
    assert storage.database.path == tmp_path / file_name
    storage.dispose()


def test_the_folder_may_come_from_the_environment(tmp_path):
    """A reference stands in place of the folder; `synchronous` is one of two words."""
    config = {"base_dir": {"env": "RACK_DIR"}, "synchronous": "full"}
    data = ConfigurableClassData.from_config("runrack_sqlite", "SqliteStorage", config)
    storage = data.rehydrate(Storage, environ={"RACK_DIR": str(tmp_path)})
    storage.run_storage.add_run(make_run())
    storage.dispose()
    assert (tmp_path / "runrack.db").exists()


@pytest.mark.parametrize(
    "config", [{}, {"base_dir": "x", "synchronous": "off"}, {"base_dir": "x", "path": "y"}]
)
def test_a_wrong_configuration_is_refused(config):
    """A missing folder, an unknown word and an unknown key are configuration errors."""
    data = ConfigurableClassData.from_config("runrack_sqlite", "SqliteStorage", config)
    with pytest.raises(ConfigError):
        data.rehydrate(Storage)


def test_a_connection_string_names_a_run_storage_that_exists(tmp_path):
    """A run storage is opened from `sqlite:///` and the path of its file, whatever that is called."""
    made = SqliteRunStorage(tmp_path)
    run = made.add_run(make_run())
    made.dispose()
    moved = made.database.path.rename(tmp_path / "monday.db")
    storage = SqliteRunStorage(f"sqlite:///{moved}")
    assert list(storage.get_runs()) == [run]
    storage.dispose()


def test_a_connection_string_names_a_schedule_storage_that_exists(tmp_path):
    """A schedule storage is opened from `sqlite:///` and the path of its file."""
    made = SqliteScheduleStorage(tmp_path)
    tick = made.create_tick(make_tick())
    made.dispose()
    storage = SqliteScheduleStorage(f"sqlite:///{made.database.path}")
    assert list(storage.get_ticks()) == [tick]
    storage.dispose()


@pytest.mark.parametrize("storage_class", [SqliteRunStorage, SqliteScheduleStorage])
def test_a_connection_string_makes_no_database(tmp_path, storage_class):
    """A connection string of a file that is missing is an error, and no file is made."""
    with pytest.raises(NotFoundError, match="there is no database"):
        storage_class(f"sqlite:///{tmp_path}/missing.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "conn_string",
    ["sqlite://", "sqlite:///:memory:", "sqlite://host/runs.db", "sqlite:///runs.db?timeout=1"],
)
def test_a_connection_string_without_a_file_is_refused(conn_string):
    """Databases in memory, hosts and options are refused."""
    with pytest.raises(InvalidArgumentError, match="sqlite:///PATH"):
        SqliteRunStorage(conn_string)
