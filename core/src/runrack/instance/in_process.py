"""Running a job in the calling process, on an instance of its own when none is given: what `job.execute_in_process` reaches."""

from __future__ import annotations

from runrack.definitions.in_process import InProcessRequest
from runrack.definitions.job_result import ExecuteInProcessResult
from runrack.engine.execution import execute_in_process
from runrack.instance.instance import Instance


def run_in_process(request: InProcessRequest) -> ExecuteInProcessResult:
    """Return what came of running the job; without an instance, it runs on an ephemeral one.

    Raises as `JobDefinition.execute_in_process`.
    """
    if request.instance is not None:
        return execute_in_process(request, request.instance)
    with Instance.ephemeral() as instance:
        return execute_in_process(request, instance)
