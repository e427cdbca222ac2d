"""Jobs whose steps tell that they are there, and wait until they may go on, through named pipes."""

import itertools
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from runrack import job, op


def _meet(folder: str) -> None:
    """Tell which process this is, then wait to be let go."""
    (Path(folder) / "here").write_text(f"{os.getpid()}\n")
    (Path(folder) / "go").read_text()


@op(config_schema={"folder": str})
def first(context) -> int:
    with (Path(context.op_config["folder"]) / "firsts").open("a") as file:
        file.write("x")
    return 1


@op(config_schema={"folder": str})
def meet(context, number: int) -> int:
    _meet(context.op_config["folder"])
    return number + 1


@op(config_schema={"folder": str})
def stubborn(context) -> None:
    (Path(context.op_config["folder"]) / "here").write_text(f"{os.getpid()}\n")
    while True:
        with suppress(BaseException):  # as a run that cannot be told to stop
            time.sleep(60)


@op(config_schema={"folder": str})
def deaf(context) -> None:
    (Path(context.op_config["folder"]) / "here").write_text(f"{os.getpid()}\n")
    sum(
        itertools.repeat(1)
    )  # never lets go of the interpreter: no handler of a signal and no thread comes to its turn


@op
def say() -> None:
    sys.stdout.write("said by the op\n")


@job
def quick():
    say()


@job
def meeting():
    meet(first())


@job
def deaf_job():
    deaf()


@job
def stubborn_job():
    stubborn()
