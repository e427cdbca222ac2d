"""The local artifact storage and the local IO manager do what every one does."""

from functools import partial

from runrack.testing.conformance.artifact_storage import ArtifactStorageConformance
from runrack.testing.conformance.io_manager import IOManagerConformance
from runrack.testing.conformance.suite import Ability
from runrack_local import LocalArtifactStorage, LocalIOManager


class TestLocalArtifactStorage(ArtifactStorageConformance):
    """LocalArtifactStorage."""

    def make_artifact_storage(self, base_dir):
        return LocalArtifactStorage(base_dir)


class TestLocalIOManager(IOManagerConformance):
    """LocalIOManager."""

    abilities = frozenset({Ability.SHARES_BETWEEN_PROCESSES})

    def make_manager(self, tmp_path):
        return LocalIOManager(str(tmp_path))

    def manager_opener(self, tmp_path):
        return partial(LocalIOManager, str(tmp_path))
