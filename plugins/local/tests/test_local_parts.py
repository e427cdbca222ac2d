"""The parts of local disk as an operator configures them."""

# ruff: noqa: T201 - printing is what is captured here

import pytest

from runrack.errors import ConfigError, InvalidArgumentError
from runrack.host.configurable import ConfigurableClassData
from runrack.interfaces.artifact_storage import ArtifactStorage
from runrack.interfaces.compute_log_manager import (
    CapturedLogContext,
    CapturedLogMetadata,
    ComputeIOType,
    ComputeLogManager,
)
from runrack.interfaces.file_manager import FileManager
from runrack_local import (
    LocalArtifactStorage,
    LocalComputeLogManager,
    LocalFileHandle,
    LocalFileManager,
    NoOpComputeLogManager,
)


def rehydrated(class_name, config, as_type):
    """The object that an operator's choice leads to, and the choice."""
    data = ConfigurableClassData.from_config("runrack_local", class_name, config)
    return data.rehydrate(as_type), data


def test_artifacts_lie_below_one_folder(tmp_path):
    """What runs and schedules write has its place below `base_dir`; asking for it makes no folder."""
    storage = LocalArtifactStorage(str(tmp_path / "here"))
    assert storage.base_dir == f"{tmp_path}/here"
    assert storage.storage_dir == f"{tmp_path}/here/storage"
    assert storage.schedules_dir == f"{tmp_path}/here/schedules"
    assert storage.file_manager_dir("run-1") == f"{tmp_path}/here/storage/run-1/files"
    assert storage.inst_data is None
    storage.dispose()
    assert list(tmp_path.iterdir()) == []


def test_a_run_id_does_not_lead_out(tmp_path):
    """The folder of a run's files lies below the storage folder, whatever the run id holds."""
    storage = LocalArtifactStorage(str(tmp_path))
    assert storage.file_manager_dir("../../evil") == f"{tmp_path}/storage/~2e~2e~2f~2e~2e~2fevil/files"


def test_a_relative_folder_is_made_absolute(tmp_path, monkeypatch):
    """A relative `base_dir` is relative to where the process stood when the storage was built."""
    monkeypatch.chdir(tmp_path)
    storage = LocalArtifactStorage("here")
    monkeypatch.chdir("/")
    assert storage.base_dir == f"{tmp_path}/here"


def test_an_artifact_folder_is_a_string(tmp_path):
    """Anything but a string is refused."""
    with pytest.raises(InvalidArgumentError, match="base_dir is a string, not PosixPath"):
        LocalArtifactStorage(tmp_path)


@pytest.mark.parametrize(
    ("class_name", "as_type", "config"),
    [
        ("LocalArtifactStorage", ArtifactStorage, {"base_dir": "/srv/runrack"}),
        ("LocalComputeLogManager", ComputeLogManager, {"base_dir": "/srv/runrack"}),
        (
            "LocalComputeLogManager",
            ComputeLogManager,
            {"base_dir": "/srv/runrack", "polling_timeout": 2.5, "mirror": False},
        ),
        ("NoOpComputeLogManager", ComputeLogManager, {}),
        ("LocalFileManager", FileManager, {"base_dir": "/srv/runrack"}),
    ],
)
def test_a_part_is_built_from_its_configuration(class_name, as_type, config):
    """Each class is built from what it documents, and keeps what it was built from."""
    part, data = rehydrated(class_name, config, as_type)
    assert isinstance(part, as_type)
    assert part.inst_data == data


@pytest.mark.parametrize("class_name", ["LocalArtifactStorage", "LocalComputeLogManager", "LocalFileManager"])
def test_the_folder_may_come_from_the_environment(class_name, monkeypatch, tmp_path):
    """A reference stands in for the folder, which is required."""
    monkeypatch.setenv("PLACE_FOR_FILES", str(tmp_path / "there"))
    part, _ = rehydrated(class_name, {"base_dir": {"env": "PLACE_FOR_FILES"}}, object)
    assert part.base_dir == str(tmp_path / "there")
    with pytest.raises(ConfigError, match="base_dir"):
        rehydrated(class_name, {}, object)


@pytest.mark.parametrize("seconds", [0, -1])
def test_polling_takes_time(tmp_path, seconds):
    """A polling timeout is positive."""
    with pytest.raises(InvalidArgumentError, match="polling_timeout"):
        LocalComputeLogManager(str(tmp_path), polling_timeout=seconds)


def test_a_log_tells_where_it_lies(tmp_path):
    """Metadata and the capture name the files, and a command that shows them."""
    manager = LocalComputeLogManager(str(tmp_path))
    out, err = f"{tmp_path}/run/compute_logs/step.out", f"{tmp_path}/run/compute_logs/step.err"
    assert manager.get_log_metadata(("run", "compute_logs", "step")) == CapturedLogMetadata(out, err)
    with manager.capture_logs(("run", "compute_logs", "step")) as context:
        pass
    assert context.shell_cmd == f"tail -n +1 -F {out} {err}"
    assert {path.name for path in tmp_path.glob("run/compute_logs/*")} == {
        "step.out",
        "step.err",
        "step.complete",
    }


def test_nothing_is_kept_by_noop(capfd):
    """NoOpComputeLogManager leaves the streams alone; every log is complete, and has no data and no place."""
    manager = NoOpComputeLogManager()
    with manager.capture_logs(("run", "step")) as context:
        print("seen")
    assert context == CapturedLogContext(("run", "step"))
    assert capfd.readouterr().out == "seen\n"
    with manager.open_log_stream(("run", "step"), ComputeIOType.STDOUT) as stream:
        assert stream is None
    log = manager.get_log_data(("run", "step"), "5:5", max_bytes=10)
    assert (log.stdout, log.stderr, log.cursor) == (None, None, "0:0")
    assert manager.is_capture_complete(("run", "step"))
    assert manager.get_log_metadata(("run", "step")) == CapturedLogMetadata()
    manager.delete_logs(prefix=("run",))
    subscription = manager.subscribe(("run", "step"), lambda piece: None)
    assert subscription.is_complete
    subscription.dispose()


def test_handles_of_one_path_are_equal():
    """A handle is its path, for comparing, hashing and showing; the file need not exist."""
    handle = LocalFileHandle("/nowhere/file.txt")
    assert (handle.path, handle.path_desc) == ("/nowhere/file.txt", "/nowhere/file.txt")
    assert {handle, LocalFileHandle("/nowhere/file.txt")} == {handle}


def test_a_run_has_files_of_its_own(tmp_path):
    """`for_instance` keeps the files of a run in the run's folder."""

    class Holder:
        artifact_storage = LocalArtifactStorage(str(tmp_path))

    manager = LocalFileManager.for_instance(Holder(), "run-1")
    assert manager.write_data(b"x").path.startswith(f"{tmp_path}/storage/run-1/files/")


def test_a_local_copy_keeps_the_extension(tmp_path):
    """A local copy ends as the file does, for programs that go by the name."""
    manager = LocalFileManager(str(tmp_path))
    assert manager.copy_handle_to_local_temp(manager.write_data(b"x", ext="csv")).endswith(".csv")
    manager.delete_local_temp()
