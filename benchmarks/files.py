"""What the local file manager costs beside bare open, write and rename: many small files, and a big one.

Prints a line of JSON for each: seconds of processor time and of the clock, and how much of the bare speed is left. The two
sides take turns, so that other work on the machine slows both.
"""

import argparse
import io
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runrack_local import LocalFileManager

ROUNDS = 10
PIECE = 1 << 20


class Endless(io.RawIOBase):
    """A file of a given length whose content costs nothing to make."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._left = length
        self._piece = os.urandom(PIECE)

    def read(self, size: int = -1) -> bytes:
        given = self._piece[: min(size, self._left)]
        self._left -= len(given)
        return given


def write_bare(folder: Path, number: int, data: bytes) -> None:
    hidden, final = str(folder / f".{number}"), str(folder / f"{number}")
    with open(hidden, "wb") as file:  # noqa: PTH123 - the bare call is what is measured
        file.write(data)
    os.rename(hidden, final)  # noqa: PTH104 - as above


def copy_bare(folder: Path, length: int) -> None:
    source, hidden = Endless(length), str(folder / ".big")
    with open(hidden, "wb") as file:  # noqa: PTH123 - as above
        while piece := source.read(PIECE):
            file.write(piece)
    os.rename(hidden, str(folder / "big"))  # noqa: PTH104 - as above


def timed(work: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def compare(figure: str, bare: Callable[[], object], managed: Callable[[], object], rounds: int) -> None:
    sums = {"bare": [0.0, 0.0], "managed": [0.0, 0.0]}
    sides = [("bare", bare), ("managed", managed)]
    for number in range(rounds):
        for name, work in sides if number % 2 else reversed(sides):
            for place, seconds in enumerate(timed(work)):
                sums[name][place] += seconds
    ratios = [sums["bare"][place] / sums["managed"][place] for place in (0, 1)]
    print(
        json.dumps(
            {
                "figure": figure,
                "bare_cpu_s": round(sums["bare"][0], 2),
                "managed_cpu_s": round(sums["managed"][0], 2),
                "of_bare_speed_cpu": round(ratios[0], 2),
                "of_bare_speed_wall": round(ratios[1], 2),
                "load": round(os.getloadavg()[0], 1),
            }
        ),
        flush=True,
    )


def small_files(count: int) -> None:
    data = os.urandom(1024)
    with tempfile.TemporaryDirectory() as place:
        bare = Path(place, "bare")
        bare.mkdir()
        manager = LocalFileManager(str(Path(place, "managed")))
        numbers = iter(range(count))

        def write_some_bare() -> None:
            for _ in range(count // ROUNDS):
                write_bare(bare, next(numbers), data)

        def write_some_managed() -> None:
            for _ in range(count // ROUNDS):
                manager.write_data(data)

        compare(f"write_{count}_of_1_KiB", write_some_bare, write_some_managed, ROUNDS)


def big_file(megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        manager = LocalFileManager(str(Path(place, "managed")))
        length = megabytes << 20

        def write_managed() -> None:
            Path(manager.write(Endless(length)).path).unlink()

        def write_bare_one() -> None:
            copy_bare(Path(place), length)
            Path(place, "big").unlink()

        write_bare_one()  # the first one finds the memory of the machine cold
        compare(f"write_{megabytes}_MiB", write_bare_one, write_managed, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=1024)
    arguments = parser.parse_args()
    small_files(arguments.count)
    big_file(arguments.megabytes)


if __name__ == "__main__":
    main()
