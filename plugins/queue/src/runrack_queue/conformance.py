"""How the suites of `runrack.testing` make the parts of this package; `runrack plugins verify queued` runs them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from runrack.testing.conformance.run_coordinator import RunCoordinatorConformance
from runrack.testing.conformance.suite import Ability
from runrack_queue import DefaultRunCoordinator, QueuedRunCoordinator


class TestDefaultRunCoordinator(RunCoordinatorConformance):
    """`DefaultRunCoordinator`."""

    abilities = frozenset({Ability.LAUNCHES_AT_ONCE})

    @override
    def make_coordinator(self) -> DefaultRunCoordinator:
        return DefaultRunCoordinator()


class TestQueuedRunCoordinator(RunCoordinatorConformance):
    """`QueuedRunCoordinator`; each value of its configuration can be told from other text."""

    abilities = frozenset({Ability.KEEPS_A_QUEUE})
    config: ClassVar[Mapping[str, Any]] = {
        "max_concurrent_runs": 1234,
        "tag_concurrency_limits": [{"key": "team", "value": "tenants", "limit": 4321}],
        "dequeue_interval_seconds": 2345,
        "dequeue_use_threads": True,
        "dequeue_num_workers": 3456,
        "max_user_code_failure_retries": 4567,
        "user_code_failure_retry_delay": 5678,
        "block_op_concurrency_limited_runs": {"enabled": True, "op_concurrency_slot_buffer": 6789},
    }

    @override
    def make_coordinator(self) -> QueuedRunCoordinator:
        return QueuedRunCoordinator(max_concurrent_runs=self.max_concurrent_runs)
