"""An instance with a queue, in memory."""

from contextlib import ExitStack

import pytest

from runrack.instance.instance import Instance
from runrack_memory import MemoryStorage
from runrack_queue import QueuedRunCoordinator


@pytest.fixture
def open_instance():
    """Return what opens an instance over a launcher, with a QueuedRunCoordinator of these arguments."""
    with ExitStack() as stack:

        def opened(launcher, **config):
            return stack.enter_context(
                Instance(
                    storage=MemoryStorage(),
                    run_launcher=launcher,
                    run_coordinator=QueuedRunCoordinator(**config),
                )
            )

        yield opened
