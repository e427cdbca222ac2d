"""The IO manager in memory does what every IO manager does."""

from runrack.engine.output_store import MemoryIOManager
from runrack.testing.conformance.io_manager import IOManagerConformance


class TestMemoryIOManager(IOManagerConformance):
    """MemoryIOManager."""

    def make_manager(self, tmp_path):
        return MemoryIOManager()
