"""How the suites of `runrack.testing` make the parts of this package; `runrack plugins verify local` runs them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from typing_extensions import override

from runrack.interfaces.file_manager import FileHandle
from runrack.testing.conformance.artifact_storage import ArtifactStorageConformance
from runrack.testing.conformance.compute_log_manager import ComputeLogManagerConformance
from runrack.testing.conformance.file_manager import FileManagerConformance
from runrack.testing.conformance.io_manager import IOManagerConformance
from runrack.testing.conformance.suite import Ability
from runrack_local import LocalArtifactStorage, LocalComputeLogManager, LocalFileManager, LocalIOManager


class TestLocalComputeLogManager(ComputeLogManagerConformance):
    """`LocalComputeLogManager`, looking often so that tests are quick."""

    @override
    def make_manager(self, tmp_path: Path) -> LocalComputeLogManager:
        return LocalComputeLogManager(str(tmp_path / "logs"), polling_timeout=0.01)


class TestLocalComputeLogManagerWithoutMirror(ComputeLogManagerConformance):
    """`LocalComputeLogManager` that shows nothing."""

    @override
    def make_manager(self, tmp_path: Path) -> LocalComputeLogManager:
        return LocalComputeLogManager(str(tmp_path / "logs"), polling_timeout=0.01, mirror=False)


class TestLocalFileManager(FileManagerConformance):
    """`LocalFileManager`."""

    @override
    def make_manager(self, tmp_path: Path) -> LocalFileManager:
        return LocalFileManager(str(tmp_path / "files"))

    @override
    def delete_file(self, file_handle: FileHandle) -> None:
        Path(file_handle.path_desc).unlink()

    @override
    def count_files(self, tmp_path: Path) -> int:
        folder = tmp_path / "files"
        return sum(1 for _ in folder.glob("*")) if folder.exists() else 0


class TestLocalArtifactStorage(ArtifactStorageConformance):
    """`LocalArtifactStorage`."""

    @override
    def make_artifact_storage(self, base_dir: str) -> LocalArtifactStorage:
        return LocalArtifactStorage(base_dir)


class TestLocalIOManager(IOManagerConformance):
    """`LocalIOManager`."""

    abilities = frozenset({Ability.SHARES_BETWEEN_PROCESSES})
    plugin = "local"

    @override
    def make_manager(self, tmp_path: Path) -> LocalIOManager:
        return LocalIOManager(str(tmp_path))

    @override
    def manager_opener(self, tmp_path: Path) -> Callable[[], LocalIOManager]:
        return partial(LocalIOManager, str(tmp_path))
