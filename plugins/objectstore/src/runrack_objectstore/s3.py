"""S3FileManager: the files that ops write, in a bucket of S3 or of a store that speaks like it."""

import re
from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from runrack.config.vocabulary import BoolSource, Field, IntSource, StringSource
from runrack.errors import InvalidArgumentError
from runrack.host.configurable import ConfigurableClassData
from runrack_objectstore.object_store_file_manager import ObjectHandle, ObjectStoreFileManager
from runrack_objectstore.s3_store import open_s3_store

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,62}")
_RETRY_SECONDS = 30


@dataclass(frozen=True)
class S3FileHandle(ObjectHandle):
    """An object in a bucket of S3, whether it exists or not. Handles of the same bucket and key are equal."""

    scheme: ClassVar[str] = "s3"

    @property
    def s3_path(self) -> str:
        """The object's address: `s3://bucket/key`."""
        return self.path_desc


class S3FileManager(ObjectStoreFileManager[S3FileHandle]):
    """Keeps files in a bucket of S3, or of a store that speaks like it, below one prefix.

    - Nothing is sent before the first file is read or written: the bucket need not exist until then.
    - Without the two keys, credentials come from the environment (`AWS_ACCESS_KEY_ID` and its like) or from the machine.
    - A file has at most 78 GiB.

    Args:
        bucket: Name of the bucket.
        prefix: What all keys begin with: `<prefix>/<uuid>[.ext]`.
        endpoint_url: Address of the store; that of S3 in the region by default.
        region: The bucket's region; `AWS_REGION` or us-east-1 by default.
        use_ssl: False allows an `endpoint_url` that begins with `http://`.
        access_key_id: The key that names who asks.
        secret_access_key: The key that proves it.
        retry_seconds: For how long a request is repeated while the store cannot be reached or is overloaded.
        inst_data: What the object is built from.

    Raises:
        InvalidArgumentError: An argument is not well formed, or one of the two keys is missing.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "runrack",
        endpoint_url: str | None = None,
        region: str | None = None,
        use_ssl: bool = True,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        retry_seconds: int = _RETRY_SECONDS,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        if not isinstance(bucket, str) or not _BUCKET.fullmatch(bucket):
            raise InvalidArgumentError(
                "bucket is a name of 3 to 63 letters, digits, dots, hyphens and underscores"
            )
        if not isinstance(prefix, str):
            raise InvalidArgumentError(f"prefix is a string, not {type(prefix).__name__}")
        store = open_s3_store(
            bucket,
            endpoint_url=endpoint_url,
            region=region,
            use_ssl=use_ssl,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            retry_seconds=retry_seconds,
        )
        super().__init__(store, S3FileHandle, bucket, prefix, inst_data)

    @classmethod
    @override
    def config_type(cls) -> dict[str, Field]:
        return {
            "bucket": Field(StringSource, description="Name of the bucket.", is_secret=False),
            "prefix": Field(
                StringSource,
                default_value="runrack",
                description="What all keys begin with.",
                is_secret=False,
            ),
            "endpoint_url": Field(
                StringSource,
                is_required=False,
                description="Address of the store; that of S3 in the region by default.",
                is_secret=False,
            ),
            "region": Field(
                StringSource,
                is_required=False,
                description="The bucket's region; AWS_REGION or us-east-1 by default.",
                is_secret=False,
            ),
            "use_ssl": Field(
                BoolSource,
                default_value=True,
                description="False allows an endpoint_url that begins with http://.",
            ),
            "access_key_id": Field(
                StringSource,
                is_required=False,
                description="The key that names who asks, as a reference; from the environment or the machine by default.",
            ),
            "secret_access_key": Field(
                StringSource,
                is_required=False,
                description="The key that proves it, as a reference; given together with access_key_id.",
                is_secret=True,
            ),
            "retry_seconds": Field(
                IntSource(minimum=0),
                default_value=_RETRY_SECONDS,
                description="For how long a request is repeated while the store cannot be reached or is overloaded.",
            ),
        }
