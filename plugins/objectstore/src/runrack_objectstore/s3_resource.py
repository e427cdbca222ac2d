"""s3_file_manager: the S3 file manager as a resource of a job."""

from collections.abc import Iterator

from runrack.definitions.resource import InitResourceContext, resource
from runrack_objectstore.s3 import S3FileManager


@resource(config_schema=S3FileManager.config_type())
def s3_file_manager(init_context: InitResourceContext) -> Iterator[S3FileManager]:
    """Keeps the files of ops in a bucket of S3; temporary copies are deleted when the run ends."""
    manager = S3FileManager(**init_context.resource_config)
    try:
        yield manager
    finally:
        manager.delete_local_temp()
