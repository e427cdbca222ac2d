"""Nothing that is asked for by name leads out of the folder, is shared with other users, or follows a link."""

# ruff: noqa: T201 - printing is what is captured here

import os
import stat

import pytest

from runrack.errors import InvalidArgumentError, UnsafePathError
from runrack.interfaces.compute_log_manager import ComputeIOType
from runrack.testing.conformance.awkward_names import AWKWARD_NAMES
from runrack_local import LocalComputeLogManager, LocalFileHandle, LocalFileManager

OUT = ComputeIOType.STDOUT


@pytest.fixture
def outside(tmp_path):
    """A folder next to the one that is worked in, with a file in it."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "step.out").write_bytes(b"precious")
    return folder


@pytest.fixture
def logs(tmp_path, outside):
    return LocalComputeLogManager(str(tmp_path / "logs"))


@pytest.fixture
def files(tmp_path, outside):
    return LocalFileManager(str(tmp_path / "files"))


def tree(folder):
    """All that lies below a folder, with the content of files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def add(logs, key):
    with logs.open_log_stream(key, OUT) as stream:
        stream.write(b"data")


def modes(folder):
    """The permissions of all folders and of all files."""
    paths = [folder, *folder.rglob("*")]
    folders = {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()}
    return folders, {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()}


@pytest.mark.parametrize("name", ["..", "../victim", "victim", *AWKWARD_NAMES], ids=ascii)
def test_no_key_reaches_outside(tmp_path, outside, logs, name):
    """Writing, reading and deleting under any key leaves everything beside the folder as it was."""
    for key in ((name, "step"), (name, "victim", "step"), ("..", name), (name,)):
        add(logs, key)
        assert logs.get_log_data(key).stdout == b"data"
        logs.delete_logs(prefix=key)
        logs.delete_logs(prefix=key[:1])
    assert tree(outside) == {"step.out": b"precious"}
    assert {path.name for path in tmp_path.iterdir()} == {"victim", "logs"}


def test_deleting_below_a_prefix_leaves_what_is_no_log(tmp_path, logs):
    """Files that are not named as logs are, and the folders that hold them, stay."""
    add(logs, ("run", "step"))
    add(logs, ("run", "other", "step"))
    for name in ("run/notes.txt", "run/Report.out"):
        (tmp_path / "logs" / name).write_bytes(b"mine")
    logs.delete_logs(prefix=("run",))
    assert tree(tmp_path / "logs") == {"run": None, "run/notes.txt": b"mine", "run/Report.out": b"mine"}


def test_a_linked_folder_is_refused(tmp_path, outside, logs):
    """A key whose folder is a symbolic link can be neither written, read, captured nor deleted."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "run").symlink_to(outside)
    uses = [
        lambda: add(logs, ("run", "step")),
        lambda: logs.get_log_data(("run", "step")),
        lambda: logs.capture_logs(("run", "step")).__enter__(),
        lambda: logs.delete_logs(log_key=("run", "step")),
        lambda: logs.delete_logs(prefix=("run",)),
    ]
    for use in uses:
        with pytest.raises(UnsafePathError, match="symbolic link"):
            use()
    assert tree(outside) == {"step.out": b"precious"}


def test_a_linked_file_is_refused(tmp_path, outside, logs):
    """A log that is a symbolic link is neither written nor read; deleting it removes the link alone."""
    (tmp_path / "logs" / "run").mkdir(parents=True)
    link = tmp_path / "logs" / "run" / "step.out"
    link.symlink_to(outside / "step.out")
    for use in (lambda: add(logs, ("run", "step")), lambda: logs.get_log_data(("run", "step"))):
        with pytest.raises(UnsafePathError):
            use()
    logs.delete_logs(log_key=("run", "step"))
    assert not link.is_symlink()
    assert tree(outside) == {"step.out": b"precious"}


def test_deleting_all_follows_no_link(tmp_path, outside, logs):
    """Links below the folder, to folders or files, do not lead a deletion out of it."""
    (tmp_path / "logs" / "run").mkdir(parents=True)
    (tmp_path / "logs" / "run" / "linked").symlink_to(outside)
    (tmp_path / "logs" / "run" / "step.out").symlink_to(outside / "step.out")
    logs.delete_logs(prefix=())
    assert tree(outside) == {"step.out": b"precious"}


def test_the_folder_itself_may_be_a_link(tmp_path, outside):
    """Where the folder lies is the operator's choice, also when that is elsewhere."""
    (tmp_path / "logs").symlink_to(outside)
    assert LocalComputeLogManager(str(tmp_path / "logs")).get_log_data(("step",)).stdout == b"precious"


def test_a_log_under_a_linked_name_is_swapped_in_vain(tmp_path, outside, logs):
    """A folder that is swapped for a link again and again never lets a write out."""
    add(logs, ("run", "step"))
    folder, aside = tmp_path / "logs" / "run", tmp_path / "logs" / "aside"
    for _ in range(200):
        folder.rename(aside)
        folder.symlink_to(outside)
        with pytest.raises(UnsafePathError):
            add(logs, ("run", "step"))
        folder.unlink()
        aside.rename(folder)
        add(logs, ("run", "step"))
    assert tree(outside) == {"step.out": b"precious"}


@pytest.mark.parametrize(
    "path",
    ["../victim/step.out", "files/../../victim/step.out", "/etc/hostname", "", ".", "a\0b"],
)
def test_a_handle_outside_is_refused(tmp_path, outside, files, path):
    """A file manager reads only files of its own, however the path is written."""
    handle = LocalFileHandle(path if path.startswith("/") else f"{files.base_dir}/{path}")
    for use in (files.read, files.read_data, files.copy_handle_to_local_temp):
        with pytest.raises(UnsafePathError, match="does not lie in"):
            use(handle)


def test_a_folder_with_a_similar_name_is_outside(tmp_path, files):
    """Containment goes by whole names: `files2` does not lie in `files`."""
    with pytest.raises(UnsafePathError):
        files.read_data(LocalFileHandle(f"{files.base_dir}2/a"))


def test_a_handle_that_is_a_link_is_refused(tmp_path, outside, files):
    """Neither a linked file nor a file in a linked folder is read."""
    files.write_data(b"x")
    (tmp_path / "files" / "file").symlink_to(outside / "step.out")
    (tmp_path / "files" / "folder").symlink_to(outside)
    for name in ("file", "folder/step.out"):
        with pytest.raises(UnsafePathError, match="symbolic link"):
            files.read_data(LocalFileHandle(f"{files.base_dir}/{name}"))


def test_a_relative_handle_counts_from_where_the_process_stands(tmp_path, files, monkeypatch):
    """A relative path is as good as an absolute one."""
    handle = files.write_data(b"data")
    monkeypatch.chdir(tmp_path)
    assert files.read_data(LocalFileHandle(os.path.relpath(handle.path))) == b"data"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read(tmp_path, logs, files, umask):
    """Folders are 0700 and files 0600, whatever the umask allows, also the folders above that had to be made."""
    before = os.umask(umask)
    try:
        with LocalComputeLogManager(str(tmp_path / "new" / "deep")).capture_logs(("run", "step")):
            print("x")
        LocalFileManager(str(tmp_path / "new" / "files" / "deep")).write_data(b"x", ext="txt")
    finally:
        os.umask(before)
    assert modes(tmp_path / "new") == ({0o700}, {0o600})


def test_nothing_is_made_before_something_is_written(tmp_path, logs, files):
    """Building the managers and asking them for what is not there makes no folder."""
    logs.get_log_data(("run", "step"))
    logs.delete_logs(prefix=("run",))
    with pytest.raises(FileNotFoundError):
        files.read_data(LocalFileHandle(f"{files.base_dir}/a"))
    assert {path.name for path in tmp_path.iterdir()} == {"victim"}


@pytest.mark.parametrize("cls", [LocalComputeLogManager, LocalFileManager, LocalFileHandle])
def test_a_folder_is_a_string(cls):
    """A path that is no string is refused at once."""
    with pytest.raises(InvalidArgumentError, match="is a string, not int"):
        cls(7)
