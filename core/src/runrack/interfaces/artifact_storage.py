"""ArtifactStorage: where an instance keeps what needs a disk."""

from abc import ABC, abstractmethod

from runrack.interfaces.part import InstancePart


class ArtifactStorage(InstancePart, ABC):
    """Says where on this machine's disk things lie. It makes no folders: whoever writes does."""

    @property
    @abstractmethod
    def base_dir(self) -> str:
        """The folder of the instance: absolute."""

    @property
    @abstractmethod
    def storage_dir(self) -> str:
        """The folder for what runs write."""

    @property
    @abstractmethod
    def schedules_dir(self) -> str:
        """The folder for what schedules write."""

    @abstractmethod
    def file_manager_dir(self, run_id: str) -> str:
        """Return the folder for the files of one run."""
