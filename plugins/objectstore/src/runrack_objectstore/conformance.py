"""How the suites of `runrack.testing` make the parts of this package; `runrack plugins verify s3` runs them.

They start a server that speaks S3, which needs `moto[s3]`, `flask` and `flask-cors`.
"""

from pathlib import Path

import pytest
from typing_extensions import override

from runrack.interfaces.file_manager import FileHandle
from runrack.testing.conformance.file_manager import FileManagerConformance
from runrack.testing.s3 import S3Server, s3_server
from runrack_objectstore import S3FileHandle, S3FileManager

__all__ = ["TestS3FileManager", "s3_server"]


class TestS3FileManager(FileManagerConformance):
    """`S3FileManager`, over a bucket of its own for each test."""

    @pytest.fixture(autouse=True)
    def _in_a_bucket(self, s3_server: S3Server) -> None:
        self.server = s3_server
        self.bucket = s3_server.make_bucket()

    @override
    def make_manager(self, tmp_path: Path) -> S3FileManager:
        return S3FileManager(
            self.bucket,
            endpoint_url=self.server.url,
            use_ssl=False,
            access_key_id="AKIAEXAMPLE",
            secret_access_key="a-secret-of-the-tests",  # noqa: S106 - the server lets everyone in
            retry_seconds=1,
        )

    @override
    def delete_file(self, file_handle: FileHandle) -> None:
        assert isinstance(file_handle, S3FileHandle)  # noqa: S101 - a suite is made of asserts
        self.server.delete_object(file_handle.bucket, file_handle.key)

    @override
    def count_files(self, tmp_path: Path) -> int:
        return len(self.server.list_keys(self.bucket)) + len(self.server.list_uploads(self.bucket))
