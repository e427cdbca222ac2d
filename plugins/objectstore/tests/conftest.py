"""A server that speaks S3, and a bucket of its own for each test."""

import pytest

from runrack.testing.s3 import s3_server
from runrack_objectstore import S3FileManager

__all__ = ["s3_server"]

KEYS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "a-secret-of-the-tests"}


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def bucket(s3_server):
    """The name of an empty bucket."""
    return s3_server.make_bucket()


@pytest.fixture
def open_manager(s3_server, bucket):
    """A function that opens a file manager over the bucket; what it is given replaces what it would use."""

    def open_manager(**replaced):
        given = {
            "bucket": bucket,
            "endpoint_url": s3_server.url,
            "use_ssl": False,
            "retry_seconds": 1,
            **KEYS,
        }
        return S3FileManager(**{**given, **replaced})

    return open_manager


@pytest.fixture
def manager(open_manager):
    """A file manager over the bucket."""
    return open_manager()
