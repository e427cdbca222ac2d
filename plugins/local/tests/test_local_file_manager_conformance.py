"""The local file manager keeps files as every file manager does."""

from pathlib import Path

from runrack.testing.conformance.file_manager import FileManagerConformance
from runrack_local import LocalFileManager


class TestLocalFileManager(FileManagerConformance):
    """LocalFileManager."""

    def make_manager(self, tmp_path):
        return LocalFileManager(str(tmp_path / "files"))

    def delete_file(self, file_handle):
        Path(file_handle.path_desc).unlink()

    def count_files(self, tmp_path):
        return sum(1 for _ in (tmp_path / "files").glob("*")) if (tmp_path / "files").exists() else 0
