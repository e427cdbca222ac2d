"""Whether a step that failed is tried again, and when."""

from __future__ import annotations

from runrack.definitions.output import Failure
from runrack.definitions.retry_policy import RetryRequested
from runrack.engine.step_context import StepContext
from runrack.interfaces.executor import RetryMode


def seconds_until_retry(step: StepContext, error: BaseException) -> float | None:
    """Return after how many seconds a step that ended with `error` is tried again; None if it is not."""
    if step.retry_mode is RetryMode.DISABLED:
        return None
    if isinstance(error, RetryRequested):
        return error.seconds_to_wait if step.retry_number < error.max_retries else None
    if isinstance(error, Failure) and not error.allow_retries:
        return None
    policy = step.run_context.plan.job.retry_policy_of(step.step.node)
    if policy is None or step.retry_number >= policy.max_retries:
        return None
    return policy.seconds_before(step.retry_number + 1)
