"""A compute log manager that was made for compute_log_manager API 1.0."""

import os
from pathlib import Path

from typing_extensions import override

from runrack.config import Field, StringSource
from runrack.host.configurable import ConfigurableClass
from runrack.interfaces.compute_log_manager import ComputeLogManager
from runrack_local import LocalComputeLogManager


class AcmeComputeLogManager(ComputeLogManager, ConfigurableClass):
    """Keeps captured output in a folder, and notes that it was used."""

    def __init__(self, base_dir, inst_data=None):
        self._inst_data = inst_data
        self._inner = LocalComputeLogManager(base_dir)
        note("compute_log_manager")

    @property
    @override
    def inst_data(self):
        return self._inst_data

    @classmethod
    @override
    def config_type(cls):
        return {"base_dir": Field(StringSource, description="Folder of the files", is_secret=False)}

    @classmethod
    @override
    def from_config_value(cls, inst_data, config_value):
        return cls(inst_data=inst_data, **config_value)

    @override
    def dispose(self):
        self._inner.dispose()

    @override
    def capture_logs(self, log_key):
        return self._inner.capture_logs(log_key)

    @override
    def delete_logs(self, log_key=None, prefix=None):
        return self._inner.delete_logs(log_key, prefix)

    @override
    def get_log_data_for_type(self, log_key, io_type, offset=0, max_bytes=None):
        return self._inner.get_log_data_for_type(log_key, io_type, offset, max_bytes)

    @override
    def get_log_metadata(self, log_key):
        return self._inner.get_log_metadata(log_key)

    @override
    def is_capture_complete(self, log_key):
        return self._inner.is_capture_complete(log_key)

    @override
    def open_log_stream(self, log_key, io_type):
        return self._inner.open_log_stream(log_key, io_type)

    @override
    def subscribe(self, log_key, observer, cursor=None):
        return self._inner.subscribe(log_key, observer, cursor)


def note(what):
    """Append a line to the file that a test names."""
    file = os.environ.get("ACME_NOTES")
    if file is not None:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(f"{what}\n")
