"""The local compute log manager keeps logs as every compute log manager does."""

from runrack.testing.conformance.compute_log_manager import ComputeLogManagerConformance
from runrack_local import LocalComputeLogManager


class TestLocalComputeLogManager(ComputeLogManagerConformance):
    """LocalComputeLogManager, looking often so that tests are quick."""

    def make_manager(self, tmp_path):
        return LocalComputeLogManager(str(tmp_path / "logs"), polling_timeout=0.01)


class TestWithoutMirror(ComputeLogManagerConformance):
    """LocalComputeLogManager that shows nothing."""

    def make_manager(self, tmp_path):
        return LocalComputeLogManager(str(tmp_path / "logs"), polling_timeout=0.01, mirror=False)
