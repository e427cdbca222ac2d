"""ArtifactStorageConformance: what it means to say where things lie on disk."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.artifact_storage import ArtifactStorage
from runrack.testing.conformance.awkward_names import AWKWARD_NAMES
from runrack.testing.conformance.suite import ConformanceSuite


class ArtifactStorageConformance(ConformanceSuite[Any]):
    """The tests for an artifact storage. An implementer supplies `make_artifact_storage`."""

    @abstractmethod
    def make_artifact_storage(self, base_dir: str) -> ArtifactStorage:
        """Return a new artifact storage for a folder, which need not exist."""

    def config_of(self, base_dir: str) -> Mapping[str, Any]:
        """Return the configuration from which a storage for this folder is built."""
        return {"base_dir": base_dir}

    @override
    def make_storage(self, tmp_path: Path) -> ArtifactStorage:
        return self.make_artifact_storage(str(tmp_path / "base"))

    @pytest.fixture
    def base(self, tmp_path: Path) -> Path:
        """The folder of the artifact storage, which does not exist."""
        return tmp_path / "base"

    @pytest.fixture
    def artifacts(self, base: Path) -> ArtifactStorage:
        """A new artifact storage."""
        return self.make_artifact_storage(str(base))

    def test_the_base_is_what_was_given(self, artifacts: ArtifactStorage, base: Path) -> None:
        """`base_dir` is the folder that the storage was made for.

        Look for a folder that is added to it, or resolved through links: users compare the two.
        """
        assert artifacts.base_dir == str(base)

    def test_folders_lie_below_the_base(self, artifacts: ArtifactStorage, base: Path) -> None:
        """All folders are absolute, below the base, and different from each other and from it.

        Look for a folder that is used for two purposes: what is deleted with runs would take schedules along.
        """
        folders = [artifacts.storage_dir, artifacts.schedules_dir]
        assert all(Path(folder).is_absolute() and base in Path(folder).parents for folder in folders)
        assert len(set(folders)) == 2

    def test_nothing_is_made(self, artifacts: ArtifactStorage, base: Path) -> None:
        """Asking where something lies makes no folder.

        Look for `mkdir`: whoever writes makes the folders, and a command that only reads leaves the disk alone.
        """
        asked = (artifacts.base_dir, artifacts.storage_dir, artifacts.schedules_dir)
        assert all(asked)
        assert artifacts.file_manager_dir("run")
        assert not base.exists()

    def test_each_run_has_its_folder(self, artifacts: ArtifactStorage) -> None:
        """Any two run ids have folders of their own, below the storage folder, however odd they are.

        Look at how a run id becomes a name: `runrack.records.safe_name.to_safe_name` lets nothing out, and merges nothing,
        also where the file system does not tell upper from lower case.
        """
        storage_dir = Path(artifacts.storage_dir)
        folders = [Path(artifacts.file_manager_dir(run_id)) for run_id in AWKWARD_NAMES]
        assert len({str(folder).casefold() for folder in folders}) == len(AWKWARD_NAMES)
        for folder in folders:
            assert ".." not in folder.parts
            assert storage_dir in folder.parents

    def test_no_folder_lies_in_that_of_another_run(self, artifacts: ArtifactStorage) -> None:
        """The folder of one run does not lie in the folder of another.

        Look for run ids with slashes: removing the files of `a` must not remove those of `a/b`.
        """
        folders = {Path(artifacts.file_manager_dir(run_id)) for run_id in AWKWARD_NAMES}
        assert not any(folders & set(folder.parents) for folder in folders)

    def test_folders_can_be_made(self, artifacts: ArtifactStorage) -> None:
        """Every folder has a name that this machine's file systems take.

        Look at the length of each part (255 bytes at most), and at NUL and newline.
        """
        for run_id in AWKWARD_NAMES:
            folder = Path(artifacts.file_manager_dir(run_id))
            folder.mkdir(parents=True)
            (folder / "file").write_bytes(b"")

    def test_the_answer_is_always_the_same(self, artifacts: ArtifactStorage, base: Path) -> None:
        """Another storage of the same folder, as another process has it, names the same folders.

        Look for names that depend on the time, the process or a counter.
        """
        other = self.make_artifact_storage(str(base))
        for storage in (artifacts, other):
            assert storage.storage_dir == artifacts.storage_dir
            assert storage.schedules_dir == artifacts.schedules_dir
            assert storage.file_manager_dir("run-1") == artifacts.file_manager_dir("run-1")

    def test_two_bases_share_nothing(self, artifacts: ArtifactStorage, tmp_path: Path) -> None:
        """Storages of different folders name different folders.

        Look for a folder that is fixed, or comes from the environment.
        """
        other = self.make_artifact_storage(str(tmp_path / "other"))
        assert artifacts.storage_dir != other.storage_dir
        assert artifacts.schedules_dir != other.schedules_dir
        assert artifacts.file_manager_dir("run") != other.file_manager_dir("run")

    def test_a_relative_base_is_fixed_at_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A relative folder is relative to where the process stood when the storage was made.

        Look at when the path is made absolute: not each time that somebody asks.
        """
        monkeypatch.chdir(tmp_path)
        artifacts = self.make_artifact_storage("here")
        monkeypatch.chdir("/")
        assert artifacts.base_dir == str(tmp_path / "here")
        assert Path(artifacts.storage_dir).is_relative_to(tmp_path)

    def test_the_configuration_leads_back(self, artifacts: ArtifactStorage, base: Path) -> None:
        """A storage that is built from its configuration alone names the same folders.

        Look at `config_type` and `from_config_value`: what the constructor takes is in both.
        """
        kind = type(artifacts)
        assert issubclass(kind, ConfigurableClass)
        data = ConfigurableClassData.from_config(kind.__module__, kind.__name__, self.config_of(str(base)))
        built = data.rehydrate(ArtifactStorage)
        assert built.storage_dir == artifacts.storage_dir

    def test_disposing_removes_nothing(self, artifacts: ArtifactStorage) -> None:
        """Disposing twice is harmless, and leaves files where they are.

        Look at `dispose`: folders that are temporary belong to whoever made them.
        """
        file = Path(artifacts.storage_dir) / "file"
        file.parent.mkdir(parents=True)
        file.write_text("kept", encoding="utf-8")
        artifacts.dispose()
        artifacts.dispose()
        assert file.read_text(encoding="utf-8") == "kept"
