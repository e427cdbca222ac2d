"""local_file_manager: the local file manager as a resource of a job."""

from collections.abc import Iterator
from pathlib import Path

from runrack.config.vocabulary import Field, StringSource
from runrack.definitions.resource import InitResourceContext, resource
from runrack_local.file_manager import LocalFileManager

_DEFAULT_FOLDER = "file_manager"


@resource(
    config_schema={
        "base_dir": Field(
            StringSource,
            is_required=False,
            description="Folder of the files; file_manager in the instance's storage folder by default.",
            is_secret=False,
        )
    }
)
def local_file_manager(init_context: InitResourceContext) -> Iterator[LocalFileManager]:
    """Keeps the files of ops in a folder of this machine; temporary copies are deleted when the run ends."""
    base_dir = init_context.resource_config.get("base_dir")
    if base_dir is None:
        base_dir = str(Path(init_context.instance.artifact_storage.storage_dir, _DEFAULT_FOLDER))
    manager = LocalFileManager(base_dir)
    try:
        yield manager
    finally:
        manager.delete_local_temp()
