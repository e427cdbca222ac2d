"""RunStorageConformance: what it means to be a run storage."""

from typing import ClassVar

from runrack.interfaces.run_storage import RunStorage
from runrack.testing.conformance.model_comparison import compare_with_model
from runrack.testing.conformance.run_bookkeeping import CursorValueTests, HeartbeatTests, SnapshotTests
from runrack.testing.conformance.run_model import RunModelMachine
from runrack.testing.conformance.run_reading import RunReadingTests
from runrack.testing.conformance.run_writing import RunWritingTests


class RunStorageConformance(
    RunReadingTests, RunWritingTests, SnapshotTests, HeartbeatTests, CursorValueTests
):
    """The tests of a run storage.

    Attributes:
        model_examples: How many random sequences are compared with the model.
        model_steps: How long each may be.
    """

    model_examples: ClassVar[int] = 30
    model_steps: ClassVar[int] = 30

    def test_a_run_storage_behaves_as_its_model(self, storage: RunStorage) -> None:
        """Whatever is done in whatever order, the storage gives what a plain dict would give."""
        compare_with_model(lambda: RunModelMachine(storage), self.model_examples, self.model_steps)
