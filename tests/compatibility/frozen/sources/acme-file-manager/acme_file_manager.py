"""A file manager that was made for file_manager API 1.0."""

import io
import os
import shutil
import tempfile
from pathlib import Path
from uuid import uuid4

from typing_extensions import override

from runrack.definitions.resource import resource
from runrack.errors import InvalidArgumentError
from runrack.interfaces.file_manager import FileHandle, FileManager


class AcmeFileHandle(FileHandle):
    """A file in the folder of an `AcmeFileManager`."""

    def __init__(self, path):
        self.path = path

    @property
    @override
    def path_desc(self):
        return self.path


class AcmeFileManager(FileManager):
    """Keeps files in a folder, each under a new name, and notes that it was used."""

    def __init__(self, base_dir):
        self._base_dir = Path(base_dir)
        self._copies = []
        note("file_manager")

    @override
    def copy_handle_to_local_temp(self, file_handle):
        descriptor, path = tempfile.mkstemp()
        os.close(descriptor)
        self._copies.append(path)
        return shutil.copyfile(self._path(file_handle), path)

    @override
    def delete_local_temp(self):
        while self._copies:
            Path(self._copies.pop()).unlink(missing_ok=True)

    @override
    def read(self, file_handle, mode="rb"):
        if mode not in {"rb", "r"}:
            raise InvalidArgumentError("mode is rb or r")
        data = io.BytesIO(self.read_data(file_handle))
        return data if mode == "rb" else io.TextIOWrapper(data, encoding="utf-8")

    @override
    def read_data(self, file_handle):
        return self._path(file_handle).read_bytes()

    @override
    def write(self, file_obj, mode="wb", ext=None):
        content = file_obj.read()
        return self.write_data(content if mode == "wb" else content.encode(), ext)

    @override
    def write_data(self, data, ext=None):
        self._base_dir.mkdir(parents=True, exist_ok=True)
        path = self._base_dir / f"{uuid4().hex}.{(ext or 'bin').lstrip('.')}"
        path.write_bytes(data)
        return AcmeFileHandle(str(path))

    def _path(self, file_handle):
        if not isinstance(file_handle, AcmeFileHandle):
            raise InvalidArgumentError("the handle is of another file manager")
        return Path(file_handle.path)


@resource
def acme_files(init_context):
    """Keeps the files of ops in the storage folder of the instance."""
    manager = AcmeFileManager(Path(init_context.instance.artifact_storage.storage_dir, "acme_files"))
    yield manager
    manager.delete_local_temp()


def note(what):
    """Append a line to the file that a test names."""
    file = os.environ.get("ACME_NOTES")
    if file is not None:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(f"{what}\n")
