"""The jobs of the executor suite, in a module that any process can load. What an op gives, it also logs."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import DynamicOut, DynamicOutput, In, Nothing, Out, Output
from runrack.definitions.resource import InitResourceContext, resource
from runrack.definitions.retry_policy import RetryPolicy
from runrack.engine.op_context import OpExecutionContext
from runrack.records.asset import AssetMaterialization
from runrack.records.asset_key import AssetKey

WIDTH = 10
MANY = 200
PATIENCE_SECONDS = 30.0
UNICODE = "añ日🚀"


def told(context: OpExecutionContext, value: Any) -> Any:
    """Log a value and return it."""
    context.log.info("%r", value)
    return value


@op
def one(context: OpExecutionContext) -> Any:
    """Give 1."""
    return told(context, 1)


@op
def increase(context: OpExecutionContext, number: Any) -> Any:
    """Give one more."""
    return told(context, number + 1)


@op
def add(context: OpExecutionContext, numbers: Any) -> Any:
    """Give the sum."""
    return told(context, sum(numbers))


@op(out=DynamicOut())
def items() -> Iterator[DynamicOutput]:
    """Give three numbers."""
    for number in range(3):
        yield DynamicOutput(number, mapping_key=f"n{number}")


@op(out=DynamicOut())
def no_items() -> Iterator[DynamicOutput]:
    """Give nothing."""
    yield from ()


@op(out={"even": Out(is_required=False), "odd": Out(is_required=False)})
def sort_out(number: Any) -> Iterator[Output]:
    """Give one of two outputs."""
    yield Output(number, "odd" if number % 2 else "even")


@op(ins={"before": In(Nothing)})
def later(context: OpExecutionContext) -> Any:
    """Wait for something without a value."""
    return told(context, "later")


@op(retry_policy=RetryPolicy(max_retries=2))
def works_at_last(context: OpExecutionContext) -> Any:
    """Fail twice, then work."""
    if context.retry_number < 2:
        raise ValueError("not yet")
    return told(context, context.retry_number)


@op(config_schema={"text": str})
def configured(context: OpExecutionContext) -> Any:
    """Give its configuration, and a tag of the run."""
    return told(context, (context.op_config["text"], context.run_tags.get("label")))


@op
def print_lines() -> None:
    """Write to both streams."""
    sys.stdout.write(f"out {UNICODE}\n")
    sys.stderr.write("err\n")
    sys.stdout.flush()
    os.write(1, b"below Python\n")


@op
def make_asset(context: OpExecutionContext) -> None:
    """Say that an asset was written."""
    context.log_event(AssetMaterialization(AssetKey(["asset"])))


@resource(config_schema={"file": str})
def note(context: InitResourceContext) -> Iterator[str]:
    """Notes in a file when it is set up and torn down."""
    file = Path(context.resource_config["file"])
    with file.open("a", encoding="utf-8") as lines:
        lines.write("up\n")
    yield "the note"
    with file.open("a", encoding="utf-8") as lines:
        lines.write("down\n")


@op(required_resource_keys={"note"})
def use_resource(context: OpExecutionContext) -> Any:
    """Give the value of the resource."""
    return told(context, context.resources.note)


@op
def give_big() -> Any:
    """Give a megabyte and a text that is not ASCII."""
    return UNICODE, b"\0" * 1_000_000


@op
def measure(context: OpExecutionContext, big: Any) -> Any:
    """Give what arrived."""
    text, data = big
    return told(context, (text, len(data)))


@job(resource_defs={"note": note})
def every_shape() -> None:
    """Holds a graph of each kind; all of it succeeds."""
    first = one()
    increase.alias("chain_3")(increase.alias("chain_2")(first))
    add.alias("diamond")([increase.alias("left")(first), increase.alias("right")(first)])
    add.alias("fan_in")([increase.alias(f"fan_{number}")(first) for number in range(WIDTH)])
    add.alias("collected")(items().map(increase.alias("mapped")).collect())
    add.alias("collected_none")(no_items().map(increase.alias("unmapped")).collect())
    even, odd = sort_out(first)
    increase.alias("on_even")(even)
    increase.alias("on_odd")(odd)
    later(one.alias("before")())
    increase.alias("after_retries")(works_at_last())
    configured()
    print_lines()
    make_asset()
    use_resource()
    measure(give_big())


@op
def fail() -> Any:
    """Fail."""
    raise ValueError("out of paper")


@op(retry_policy=RetryPolicy(max_retries=1))
def fails_always() -> Any:
    """Fail however often it is tried."""
    raise ValueError("never")


@op
def leave() -> Any:
    """Ask Python to exit."""
    raise SystemExit(3)


@op
def give_a_generator() -> Any:
    """Give what no other process can have."""
    return (number for number in range(3))


@op
def fail_at_two(context: OpExecutionContext, number: Any) -> Any:
    """Fail for one of several items."""
    if number == 2:
        raise ValueError("two")
    return told(context, number)


@job
def every_failure() -> None:
    """Holds a failure of each kind, what depends on it, and what does not."""
    increase.alias("after_after")(increase.alias("after_fail")(fail()))
    increase.alias("after_always")(fails_always())
    increase.alias("after_leave")(leave())
    add.alias("after_mapped")(items().map(fail_at_two).collect())
    add.alias("needs_both")([one.alias("good")(), fail.alias("bad")()])
    increase.alias("independent_2")(one.alias("independent")())


@job
def unstorable() -> None:
    """Gives a value that an executor of several processes cannot pass on."""
    give_a_generator()


@job
def many() -> None:
    """Has many steps."""
    add([one.alias(f"one_{number}")() for number in range(MANY - 1)])


@op(config_schema={"folder": str})
def meet(context: OpExecutionContext) -> Any:
    """Wait for the other."""
    folder = Path(context.op_config["folder"])
    (folder / context.step_key).touch()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(list(folder.iterdir())) < 2:
        if time.monotonic() > deadline:
            raise TimeoutError("the other step was not started meanwhile")
        time.sleep(0.01)
    return told(context, "met")


@job
def meeting() -> None:
    """Has two steps that wait for each other."""
    meet.alias("first")()
    meet.alias("second")()


@op(config_schema={"folder": str}, tags={"runrack/concurrency_key": "pool"})
def count_neighbours(context: OpExecutionContext) -> Any:
    """Give the largest number of such steps that were seen at once."""
    folder = Path(context.op_config["folder"])
    mine = folder / context.step_key
    mine.touch()
    most = 0
    for _ in range(10):
        most = max(most, len(list(folder.iterdir())))
        time.sleep(0.01)
    mine.unlink()
    return told(context, most)


@job
def crowd() -> None:
    """Has six steps that count each other."""
    for number in range(6):
        count_neighbours.alias(f"count_{number}")()


@op(config_schema={"pid": int}, required_resource_keys={"note"})
def interrupt(context: OpExecutionContext) -> None:
    """Interrupt the process of the run, and work on for as long as it is let."""
    context.log.info("%d", os.getpid())
    os.kill(context.op_config["pid"], signal.SIGINT)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.01)


@job(resource_defs={"note": note})
def interrupted() -> None:
    """Is interrupted by its first step."""
    increase(interrupt())


@resource
def broken_resource() -> Any:
    """Cannot be set up."""
    raise ValueError("no connection")


@op(required_resource_keys={"broken"})
def needs_broken() -> None:
    """Never run."""


@job(resource_defs={"broken": broken_resource})
def without_resource() -> None:
    """Lacks a resource."""
    needs_broken()


@op
def say_process(context: OpExecutionContext) -> Any:
    """Give the id of the process."""
    return told(context, os.getpid())


def check_process(context: OpExecutionContext) -> None:
    """Refuse to end the process of the run, which is that of the tests."""
    if os.getpid() == int(context.run_tags["process"]):
        raise RuntimeError("this step is executed in the process of the run, and not in one of its own")


@op
def die(context: OpExecutionContext) -> Any:
    """Kill the process after a word."""
    check_process(context)
    os.write(1, b"last words\n")
    context.log.info("%d", os.getpid())
    os.kill(os.getpid(), signal.SIGKILL)


@op
def exit_at_once(context: OpExecutionContext) -> Any:
    """End the process without any cleaning up."""
    check_process(context)
    os._exit(3)


@op(retry_policy=RetryPolicy(max_retries=1))
def die_at_first(context: OpExecutionContext) -> Any:
    """Kill the process, and work when tried again."""
    check_process(context)
    if context.retry_number < 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return told(context, "alive")


@job
def every_death() -> None:
    """Has steps whose processes end too early, and others."""
    increase.alias("after_die")(die())
    increase.alias("after_exit")(exit_at_once())
    later(die_at_first())
    say_process.alias("process_1")()
    say_process.alias("process_2")()
