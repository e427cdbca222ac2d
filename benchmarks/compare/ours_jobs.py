"""runrack's jobs of steps that cost nothing: a chain, where each feeds the next, and a fan, where one feeds all others."""

from workload import CHAIN_STEPS, FAN_STEPS

from runrack import job, op


@op
def first() -> int:
    """Return a number."""
    return 1


@op
def following(x: int) -> int:
    """Return the number after it."""
    return x + 1


@job
def chain() -> None:
    """A chain."""
    value = first()
    for number in range(1, CHAIN_STEPS):
        value = following.alias(f"step_{number}")(value)


@job
def fan() -> None:
    """A fan."""
    value = first()
    for number in range(1, FAN_STEPS):
        following.alias(f"step_{number}")(value)


@job
def one_op() -> None:
    """One step."""
    first()
