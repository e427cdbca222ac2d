"""The S3 file manager keeps files as every file manager does."""

import pytest

from runrack.testing.conformance.file_manager import FileManagerConformance


class TestS3FileManager(FileManagerConformance):
    """S3FileManager."""

    @pytest.fixture(autouse=True)
    def _own_bucket(self, s3_server, bucket, open_manager):
        self.server = s3_server
        self.bucket = bucket
        self.open_manager = open_manager

    def make_manager(self, tmp_path):
        return self.open_manager()

    def delete_file(self, file_handle):
        self.server.delete_object(file_handle.bucket, file_handle.key)

    def count_files(self, tmp_path):
        return len(self.server.list_keys(self.bucket)) + len(self.server.list_uploads(self.bucket))
