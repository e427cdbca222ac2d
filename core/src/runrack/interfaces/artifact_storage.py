"""ArtifactStorage: where an instance keeps what needs a disk."""

from abc import ABC, abstractmethod

from runrack.interfaces.part import InstancePart


class ArtifactStorage(InstancePart, ABC):
    """Says where on this machine's disk things lie. It makes no folders: whoever writes does.

    - All folders are absolute, lie below `base_dir`, and are the same in every process. None lies in another one, but for
      those of runs in `storage_dir`.
    """

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
        """Return the folder for the files of one run.

        - It lies below `storage_dir`, and no two runs share one, whatever text their ids are: see
          `runrack.records.safe_name.to_safe_name`.
        """
