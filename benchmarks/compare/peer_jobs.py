"""The peer's jobs of steps that cost nothing: a chain, where each feeds the next, and a fan, where one feeds all others."""

from dagster import Definitions, in_process_executor, job, multiprocess_executor, op
from workload import CHAIN_STEPS, FAN_STEPS


@op
def first() -> int:
    return 1


@op
def following(x: int) -> int:
    return x + 1


@job(executor_def=in_process_executor)
def chain():
    value = first()
    for number in range(1, CHAIN_STEPS):
        value = following.alias(f"step_{number}")(value)


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 2}))
def fan():
    value = first()
    for number in range(1, FAN_STEPS):
        following.alias(f"step_{number}")(value)


@job(executor_def=in_process_executor)
def one_op():
    first()


defs = Definitions(jobs=[chain, fan, one_op])
