"""A DuckDB file belongs to one process at a time, and keeps what was stored."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import duckdb
import pytest
from runrack.errors import StorageCorruptError, StorageUnavailableError

from runrack_duckdb.run_storage import DuckdbRunStorage

SOURCES = Path(__file__).parents[1] / "src"
STORE_AND_STAY = """
import signal, sys
from runrack_duckdb.run_storage import DuckdbRunStorage
storage = DuckdbRunStorage(sys.argv[1])
storage.set_cursor_values({"a": "1"})
print("stored", flush=True)
signal.pause()
"""


@pytest.fixture
def other_process(tmp_path):
    """A process that has stored something and keeps the file open."""
    environment = os.environ | {"PYTHONPATH": str(SOURCES)}
    command = [sys.executable, "-c", STORE_AND_STAY, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "stored\n"
        yield process
        process.kill()


def test_a_second_process_is_told(other_process, tmp_path):
    """A file that another process has open is not available, and the message says what to do."""
    storage = DuckdbRunStorage(tmp_path)
    with (
        storage.patience(0),
        pytest.raises(StorageUnavailableError, match=rf"open \(PID {other_process.pid}\)"),
    ):
        storage.get_runs_count()


def test_what_was_stored_survives_a_kill(other_process, tmp_path):
    """What a call has confirmed is there after its process was killed, and the file is free."""
    other_process.kill()
    other_process.wait()
    assert DuckdbRunStorage(tmp_path).get_cursor_values({"a"}) == {"a": "1"}


def test_a_fork_leaves_the_file_to_either_side(tmp_path):
    """A forked process can use the storage, and its parent when that has ended."""
    storage = DuckdbRunStorage(tmp_path)
    storage.set_cursor_values({"a": "1"})
    child = os.fork()
    if child == 0:
        storage.set_cursor_values({"b": "2"})
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert storage.get_cursor_values({"a", "b"}) == {"a": "1", "b": "2"}


def test_storages_of_one_process_take_turns(tmp_path):
    """Two storages of a process that name the same file write at once without a conflict."""
    storages = [DuckdbRunStorage(tmp_path), DuckdbRunStorage(tmp_path)]

    def write(storage):
        for number in range(20):
            storage.set_cursor_values({"shared": f"{number}"})

    threads = [Thread(target=write, args=[storage]) for storage in storages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storages[0].get_cursor_values({"shared"}) == {"shared": "19"}


def test_a_file_of_something_else_is_left_alone(tmp_path):
    """A file that is no database, and a database without runrack's tables, are refused and stay as they are."""
    file = tmp_path / "runs.db"
    file.write_text("something else")
    with pytest.raises(StorageCorruptError, match="no runrack database"):
        DuckdbRunStorage(tmp_path).get_runs_count()
    assert file.read_text() == "something else"
    file.unlink()
    with duckdb.connect(file) as conn:
        conn.execute("CREATE TABLE things (id INTEGER)")
    with pytest.raises(StorageCorruptError, match="tables of something else"):
        DuckdbRunStorage(tmp_path).get_runs_count()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """A folder that cannot be made is an error that says which and why."""
    (tmp_path / "file").touch()
    storage = DuckdbRunStorage(tmp_path / "file" / "folder")
    with (
        storage.patience(0),
        pytest.raises(StorageUnavailableError, match=r"cannot be made \(Not a directory\)"),
    ):
        storage.get_runs_count()
