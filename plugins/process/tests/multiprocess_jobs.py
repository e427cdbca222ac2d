"""Jobs for the tests of what runs steps in processes of their own: they have to lie in a module that another process can load."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import DynamicOut, DynamicOutput, Out
from runrack.definitions.resource import resource
from runrack.definitions.retry_policy import RetryPolicy
from runrack_process import SubprocessStepLauncher, subprocess_step_launcher


@op
def one():
    return 1


@op
def double(context, number):
    context.log.info("doubling %s", number)
    sys.stdout.write(f"number {number}\n")
    return number * 2


@op
def add(numbers):
    return sum(numbers)


@job
def diamond():
    first = one()
    add([double(first), double.alias("again")(first)])


@op
def talk():
    logging.getLogger("acme.library").warning("from a library")


@job
def talking():
    talk()


@op
def say_pid():
    return os.getpid(), os.getpgrp(), os.getsid(0)


@job
def pids():
    say_pid()
    say_pid()


@op
def fail():
    raise ValueError("out of paper")


@job
def failing():
    double(fail())
    one()


@op(config_schema={"how": str})
def die(context):
    how = context.op_config["how"]
    os.write(1, b"last words\n")
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), signal.Signals[how])


@job
def dying():
    double(die())
    one()


@op(config_schema={"file": str}, retry_policy=RetryPolicy(max_retries=2))
def die_at_first(context):
    file = Path(context.op_config["file"])
    with file.open("a") as tries:
        tries.write(f"{context.retry_number}\n")
    os.write(1, b"try %d\n" % context.retry_number)
    if context.retry_number < 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


@job
def dying_at_first():
    die_at_first()


@op(out=DynamicOut())
def items():
    for number in range(3):
        yield DynamicOutput(number, mapping_key=f"n{number}")


@job
def dynamic():
    add(items().map(double).collect())


@resource(config_schema={"file": str})
def note(context):
    file = Path(context.resource_config["file"])
    with file.open("a") as lines:
        lines.write("up\n")
    yield "note"
    with file.open("a") as lines:
        lines.write("down\n")


@op(required_resource_keys={"note"}, config_schema={"file": str})
def wait_for_ever(context):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(context.op_config["file"]).write_text(f"{os.getpid()} {child.pid}")
    while True:
        time.sleep(1)


@op(config_schema={"file": str})
def ignore_sigterm(context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(context.op_config["file"]).write_text(f"{os.getpid()} {os.getpid()}")
    while True:
        time.sleep(1)


@job(resource_defs={"note": note})
def waiting():
    wait_for_ever()


@job
def stubborn():
    ignore_sigterm()


@op(config_schema={"folder": str}, tags={"team": "red", "runrack/concurrency_key": "pool"})
def count_neighbours(context):
    folder = Path(context.op_config["folder"])
    mine = folder / context.step_key
    mine.touch()
    most = 0
    for _ in range(10):
        most = max(most, len(list(folder.iterdir())))
        time.sleep(0.01)
    mine.unlink()
    return most


@op
def largest(numbers):
    return max(numbers)


@job
def crowd():
    largest([count_neighbours.alias(f"count_{number}")() for number in range(6)])


@op
def give_a_lambda():
    return lambda: 1


@job
def unpicklable():
    give_a_lambda()


@op(config_schema={"folder": str})
def leave_traces(context):
    folder = Path(context.op_config["folder"])
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    (folder / f"{context.step_key}.pids").write_text(f"{os.getpid()} {child.pid}")
    time.sleep(0.1)
    (folder / f"{context.step_key}.done").touch()
    return context.step_key


@job
def traces():
    for number in range(8):
        leave_traces.alias(f"step_{number}")()


@op(required_resource_keys={"elsewhere"})
def where(context, number):
    context.log.info("I am %s", sys.executable)
    sys.stdout.write("printed elsewhere\n")
    return sys.executable, sys.prefix, os.getpid(), number


@op(
    required_resource_keys={"elsewhere"}, config_schema={"file": str}, retry_policy=RetryPolicy(max_retries=1)
)
def die_elsewhere(context):
    file = Path(context.op_config["file"])
    if not file.exists():
        file.touch()
        os._exit(7)
    return 1


@op(required_resource_keys={"elsewhere", "another"})
def torn():
    return 1


@job(resource_defs={"elsewhere": subprocess_step_launcher})
def launched():
    double(one())
    where(one())


@job(resource_defs={"elsewhere": subprocess_step_launcher})
def dying_elsewhere():
    die_elsewhere()


@job(resource_defs={"elsewhere": SubprocessStepLauncher(), "another": SubprocessStepLauncher()})
def torn_apart():
    torn()


@op(out={"left": Out(is_required=False), "right": Out(is_required=False)})
def choose():
    yield from ()


@job
def skipping():
    left, right = choose()
    double(left)
    double(right)
