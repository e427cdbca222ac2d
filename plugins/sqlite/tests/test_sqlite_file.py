"""The file: who may read it, where it may lie, and what is said when something is wrong with it."""

import os
import sqlite3
import stat
import subprocess
from contextlib import suppress

import pytest

from runrack.errors import (
    ExecutionInterruptedError,
    InvalidArgumentError,
    StorageCorruptError,
    StorageFullError,
    StorageUnavailableError,
    StorageVersionError,
    UnsafeFilesystemError,
)
from runrack.interfaces.storage import SupportsMigration
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_run
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.schema import SCHEMA_VERSION
from runrack_sqlite import SqliteRunStorage, SqliteStorage
from runrack_sqlite.database import SqliteDatabase, Synchronous
from runrack_sqlite.filesystem import filesystem_type

MOUNTS = """\
22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:40 / /mnt/data\\040set rw - nfs4 server:/export rw
31 22 0:41 / /mnt rw - tmpfs tmpfs rw
32 22 0:42 / /mnt/over rw - nfs server:/export rw
33 32 0:43 / /mnt/over rw - xfs /dev/sdb rw
"""


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False, capture_output=True
    )
    if made.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def stamp(path, version, oldest_code="9999"):
    """Give the tables another version."""
    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE runrack_schema_version SET version_num = ?, oldest_code = ?", [version, oldest_code]
        )
    database.close()


def test_files_and_folders_are_private_whatever_the_umask(tmp_path, open_umask):
    """New folders have mode 0700 and all files 0600, also those that SQLite makes."""
    storage = SqliteStorage(tmp_path / "new" / "home")
    storage.run_storage.add_run(make_run())
    storage.run_storage.get_runs()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").rglob("*")}
    storage.dispose()
    assert modes == {
        "home": 0o700,
        "runrack.db": 0o600,
        "runrack.db-wal": 0o600,
        "runrack.db-shm": 0o600,
        "runrack.db.lock": 0o600,
    }


def test_closing_leaves_one_database_file(tmp_path):
    """Disposing moves the write-ahead log into the file, and may be repeated."""
    storage = SqliteStorage(tmp_path)
    storage.run_storage.add_run(make_run())
    storage.dispose()
    storage.dispose()
    assert {path.name for path in tmp_path.iterdir()} == {"runrack.db", "runrack.db.lock"}


def test_making_a_storage_touches_nothing(tmp_path):
    """The file is made when the storage is first used."""
    SqliteStorage(tmp_path / "home").dispose()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("synchronous", "expected"), [("normal", 1), ("full", 2)])
def test_synchronous_is_what_was_chosen(tmp_path, synchronous, expected):
    """The writing connection waits for the disk when that was asked for."""
    storage = SqliteStorage(tmp_path, synchronous=synchronous)
    with storage.database.write() as conn:
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == expected
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    storage.dispose()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/me", "ext4"),
        ("/mnt/file", "tmpfs"),
        ("/mnt/data set/file", "nfs4"),
        ("/mnt/data set", "nfs4"),
        ("/mnt/dataset", "tmpfs"),
        ("/mnt/over/file", "xfs"),
    ],
)
def test_the_mount_that_holds_a_path_counts(tmp_path, path, expected):
    """The longest mount point above a path, and of two at one place the later."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert filesystem_type(type(tmp_path)(path), mounts) == expected


def test_where_mounts_are_not_listed_nothing_is_refused(tmp_path):
    """Without a list of mounts the type is unknown."""
    assert filesystem_type(tmp_path, tmp_path / "missing") is None


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"])
def test_a_network_file_system_is_refused_before_anything_is_written(tmp_path, kind):
    """The error names the path, the type and the ways out; no file is made."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 0:21 / / rw - {kind} server:/ rw\n")
    home = tmp_path / "home"
    storage = SqlRunStorage(SqliteDatabase(home / "runs.db", Synchronous.NORMAL, mounts))
    with pytest.raises(UnsafeFilesystemError) as caught:
        storage.add_run(make_run())
    for told in (str(home), f"({kind})", "base_dir", "runrack-postgres", "mount a local volume"):
        assert told in caught.value.message
    assert not home.exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """A file where a folder should be: the error names the folder and says what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailableError, match="name another one") as caught:
        SqliteStorage(tmp_path / "file" / "home").run_storage.get_runs()
    assert str(tmp_path / "file" / "home") in caught.value.message


def test_a_file_that_is_no_database_is_told(tmp_path):
    """The error names the file; the file stays as it is."""
    path = tmp_path / "runrack.db"
    path.write_bytes(b"a letter to a friend, much longer than the header of a database " * 100)
    before = path.read_bytes()
    with pytest.raises(StorageCorruptError, match="no runrack database") as caught:
        SqliteStorage(tmp_path).run_storage.get_runs()
    assert str(path) in caught.value.message
    assert path.read_bytes() == before


def test_a_damaged_database_is_told(tmp_path):
    """Pages overwritten in the middle: a typed error, no driver's."""
    storage = SqliteStorage(tmp_path)
    for _ in range(50):
        storage.run_storage.add_run(make_run(tags={"key": "x" * 500}))
    storage.dispose()
    path = tmp_path / "runrack.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StorageCorruptError, match="restore a copy"):
        SqliteStorage(tmp_path).run_storage.get_runs()


def test_another_programs_database_is_refused(tmp_path):
    """A database with foreign tables is neither read nor changed."""
    with sqlite3.connect(tmp_path / "runrack.db") as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    database.close()
    with pytest.raises(StorageCorruptError, match="something else than runrack"):
        SqliteStorage(tmp_path).run_storage.get_runs()


def test_a_full_disk_is_told_and_writing_resumes(small_disk):
    """A full disk gives StorageFullError, reading goes on, and writing resumes when there is space, without reopening."""
    storage = SqliteStorage(small_disk / "home")
    storage.run_storage.add_run(make_run("run"))
    ballast = small_disk / "ballast"
    entry = make_entry("x" * 200_000)
    with pytest.raises(StorageFullError, match="Free some space"):
        fill(storage, ballast)
    count = len(storage.event_log_storage.get_logs_for_all_runs_by_log_id())
    assert storage.run_storage.has_run("run")
    ballast.unlink()
    storage.store_events([entry])
    assert len(storage.event_log_storage.get_logs_for_all_runs_by_log_id()) == count + 1
    with storage.database.read() as conn:
        assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    storage.dispose()


def fill(storage, ballast):
    """Leave little space, then store until it is used up."""
    ballast.write_bytes(b"x" * 2_000_000)
    for _ in range(100):
        storage.store_events([make_entry("x" * 200_000)])


@pytest.mark.parametrize(
    ("version", "told"), [("0000", "runrack storage migrate"), ("9999", "upgrade runrack")]
)
def test_tables_of_another_version_are_not_used(tmp_path, version, told):
    """The error says which side is older and what to do; the versions can be asked for."""
    SqliteStorage(tmp_path).run_storage.get_runs()
    stamp(tmp_path / "runrack.db", version)
    storage = SqliteStorage(tmp_path)
    with pytest.raises(StorageVersionError, match=told):
        storage.store_events([make_entry(EventType.STEP_START)])
    status = storage.get_schema_status()
    assert (status.current, status.is_current) == (version, False)


def test_newer_tables_that_only_have_additions_are_used(tmp_path):
    """Code goes on working while the tables are migrated for newer code, as long as those say that it can."""
    SqliteStorage(tmp_path).run_storage.get_runs()
    stamp(tmp_path / "runrack.db", "9999", oldest_code=SCHEMA_VERSION)
    storage = SqliteStorage(tmp_path)
    storage.store_events([make_entry(EventType.STEP_START)])
    status = storage.get_schema_status()
    assert (status.current, status.is_current, status.is_usable) == ("9999", False, True)


def test_a_newer_database_is_not_migrated(tmp_path):
    """Migrating never goes back: the newer version's tables stay as they are."""
    SqliteStorage(tmp_path).run_storage.get_runs()
    stamp(tmp_path / "runrack.db", "9999")
    storage = SqliteStorage(tmp_path)
    with pytest.raises(StorageVersionError, match="upgrade runrack"):
        storage.migrate()


def test_migrating_makes_the_tables_and_may_be_repeated(tmp_path):
    """A storage supports migration; from nothing it leads to the current version, then changes nothing."""
    storage = SqliteRunStorage.from_local(tmp_path)
    assert isinstance(storage, SupportsMigration)
    assert storage.get_schema_status().current is None
    storage.migrate()
    storage.add_run(make_run("run"))
    storage.migrate()
    assert storage.get_schema_status().is_current
    assert storage.has_run("run")


def test_a_program_that_holds_the_file_is_waited_for_then_told(tmp_path):
    """Another program's lock gives StorageUnavailableError, never "database is locked"."""
    storage = SqliteStorage(tmp_path)
    storage.run_storage.add_run(make_run("run"))
    with storage.database.write() as conn:
        conn.exec_driver_sql("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "runrack.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailableError, match="other than runrack") as caught:
        storage.run_storage.delete_run("run")
    other.close()
    assert "database is locked" not in caught.value.message
    storage.run_storage.delete_run("run")
    assert not storage.run_storage.has_run("run")
    storage.dispose()


def test_a_name_that_is_no_unicode_is_refused(tmp_path):
    """Half a surrogate pair is the caller's mistake."""
    storage = SqliteStorage(tmp_path)
    with pytest.raises(InvalidArgumentError, match="no valid Unicode"):
        storage.run_storage.set_cursor_values({"\ud800": ""})
    storage.dispose()


def break_into(transaction):
    """Let a signal break into a query of a transaction, and return the cursor, as whoever keeps the exception has it."""
    with suppress(ExecutionInterruptedError), transaction as conn:
        rows = conn.connection.driver_connection.execute("SELECT run_id FROM runs")
        assert rows.fetchone() == ("a",)
        raise ExecutionInterruptedError
    return rows


@pytest.mark.parametrize("transaction", ["read", "write"])
def test_an_interruption_hides_nothing_that_is_written_later(tmp_path, transaction):
    """A signal that breaks into a query leaves no connection on which the database stays as it was at that moment."""
    storage, other = SqliteRunStorage(tmp_path), SqliteRunStorage(tmp_path)
    for run_id in ("a", "b"):
        storage.add_run(make_run(run_id))
    rows = break_into(getattr(storage.database, transaction)())
    other.add_run(make_run("c"))
    assert storage.get_run_ids() == ["c", "b", "a"]
    storage.add_run(make_run("d"))
    assert other.has_run("d")
    rows.close()
    storage.dispose()
    other.dispose()
