"""Jobs made from numbers: the same number always gives the same job, in whatever process it is asked for (`dag_17`)."""

import random

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import DynamicOut, DynamicOutput, Out, Output
from runrack.definitions.retry_policy import RetryPolicy

LARGEST = 8


@op
def source():
    return 1


@op
def total(numbers):
    return sum(numbers) + 1


@op
def broken(numbers):
    raise ValueError(f"broken at {sum(numbers)}")


@op(out={"even": Out(is_required=False), "odd": Out(is_required=False)})
def sort_out(numbers):
    number = sum(numbers)
    yield Output(number, "odd" if number % 2 else "even")


@op(retry_policy=RetryPolicy(max_retries=2))
def works_at_last(context, numbers):
    if context.retry_number < 2:
        raise ValueError("not yet")
    return sum(numbers)


@op(out=DynamicOut())
def spread(numbers):
    for number in range(sum(numbers) % 4):
        yield DynamicOutput(number, mapping_key=f"item_{number}")


@op
def increase(number):
    return number + 1


def __getattr__(name):
    prefix, _, number = name.partition("_")
    if prefix != "dag" or not number.isdecimal():
        raise AttributeError(name)
    return make_job(int(number))


def make_job(number):
    """Return the job of a number."""
    choose = random.Random(number)

    @job(name=f"dag_{number}")
    def made():
        outputs = [source()]
        for _ in range(choose.randint(1, LARGEST)):
            outputs += add_op(choose, outputs)

    return made


def add_op(choose, outputs):
    """Add an op that needs some of the outputs, and return its own."""
    needed = choose.sample(outputs, choose.randint(1, min(3, len(outputs))))
    kind = choose.choice([total, total, total, broken, sort_out, works_at_last, spread])
    if kind is spread:
        return [total(spread(needed).map(increase).collect())]
    given = kind(needed)
    return list(given) if isinstance(given, tuple) else [given]
