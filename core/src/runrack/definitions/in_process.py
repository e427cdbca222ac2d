"""How a job reaches what runs it in the calling process.

Running a job takes the engine, and without a given instance also an ephemeral one: both lie on floors above this one. So the job knows
its runner by name only and looks it up when it is first run, as a plugin is found (decision 0006).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from runrack.definitions.job_result import ExecuteInProcessResult
from runrack.definitions.selection import Selection
from runrack.interfaces.part import InstanceServices

if TYPE_CHECKING:
    from runrack.definitions.job import JobDefinition

RUNNER = ("runrack.instance.in_process", "run_in_process")
"""Module and name of the function that runs a request."""


@dataclass(frozen=True)
class InProcessRequest:
    """A job to be run in the calling process.

    Attributes:
        job: The job.
        run_config: The run configuration; the job's own when None.
        instance: Where the run is stored; an ephemeral one when None.
        tags: Labels of the run, besides the job's.
        resources: Values that take the place of the job's resources of the same keys.
        op_selection: Only these ops, as `runrack.definitions.selection` says; all when None.
        raise_on_error: Whether what ended the run in failure is raised.
    """

    job: JobDefinition
    run_config: Mapping[str, Any] | None = None
    instance: InstanceServices | None = None
    tags: Mapping[str, str] | None = None
    resources: Mapping[str, Any] | None = None
    raise_on_error: bool = True
    op_selection: Selection | None = None


class InProcessRunner(Protocol):
    """Runs jobs in the calling process."""

    def __call__(self, request: InProcessRequest) -> ExecuteInProcessResult:
        """Run the job and return what came of it."""
        ...


def find_runner() -> InProcessRunner:
    """Return what runs jobs in the calling process."""
    module, name = RUNNER
    return cast("InProcessRunner", getattr(importlib.import_module(module), name))
