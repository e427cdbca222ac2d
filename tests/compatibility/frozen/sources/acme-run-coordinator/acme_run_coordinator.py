"""A run coordinator that was made for run_coordinator API 1.0."""

import os
from pathlib import Path

from typing_extensions import override

from runrack.host.configurable import ConfigurableClass
from runrack.interfaces.run_coordinator import RunCoordinator


class AcmeRunCoordinator(RunCoordinator, ConfigurableClass):
    """Launches every run at once, and notes that it was used."""

    def __init__(self, inst_data=None):
        self._inst_data = inst_data
        note("run_coordinator")

    @property
    @override
    def inst_data(self):
        return self._inst_data

    @classmethod
    @override
    def config_type(cls):
        return {}

    @classmethod
    @override
    def from_config_value(cls, inst_data, config_value):
        return cls(inst_data=inst_data, **config_value)

    @override
    def submit_run(self, context):
        return self.instance.launch_run(context.run.run_id, context.workspace)

    @override
    def cancel_run(self, run_id):
        return self.instance.run_launcher.terminate(run_id)


def note(what):
    """Append a line to the file that a test names."""
    file = os.environ.get("ACME_NOTES")
    if file is not None:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(f"{what}\n")
