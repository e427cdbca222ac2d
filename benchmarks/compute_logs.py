"""What capturing costs a step that writes 200 MB, beside writing to a file; and whether every byte is kept.

Prints a line of JSON for each way of writing. Arguments: megabytes (200).
"""

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from runrack_local import LocalComputeLogManager

KEY = ("run", "compute_logs", "step")
ROUNDS = 3
PIECE = bytes(range(256)) * 256


def write_lines(total: int) -> None:
    line = "x" * 99
    for _ in range(total // 100):
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write_pieces(total: int) -> None:
    for _ in range(total // len(PIECE)):
        os.write(1, PIECE)


def write_flushed_lines(total: int) -> None:
    """As a captured step does anyway: each line is in the file as soon as it is printed, lest a crash lose it."""
    sys.stdout.reconfigure(line_buffering=True)
    write_lines(total)


WAYS = {"lines": write_lines, "flushed_lines": write_flushed_lines, "pieces": write_pieces}


def write(way: str, total: int, folder: str) -> None:
    """In a process of its own: write, captured when a folder is named, and tell on standard error how long it took."""
    if not folder:
        started = time.perf_counter()
        WAYS[way](total)
        sys.stderr.write(str(time.perf_counter() - started))
        return
    manager = LocalComputeLogManager(folder, mirror=False)
    started = time.perf_counter()
    with manager.capture_logs(KEY):
        WAYS[way](total)
    sys.stderr.write(str(time.perf_counter() - started))


def run(way: str, total: int, folder: str, target: Path) -> float:
    command = [sys.executable, __file__, way, str(total), folder]
    with target.open("wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=True)
    return float(done.stderr)


def measure(way: str, total: int) -> dict[str, object]:
    plain, captured, same = [], [], True
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "plain")
            plain.append(run(way, total, "", target))
            captured.append(run(way, total, str(Path(folder, "logs")), Path(folder, "shown")))
            log = Path(folder, "logs", *KEY[:-1], f"{KEY[-1]}.out")
            same &= digest(log) == digest(target)
    ratio = statistics.median(captured) / statistics.median(plain)
    return {"plain_s": round(statistics.median(plain), 3), "ratio": round(ratio, 3), "same_bytes": same}


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main():
    if len(sys.argv) == 4:
        write(sys.argv[1], int(sys.argv[2]), sys.argv[3])
        return
    total = int(sys.argv[1] if len(sys.argv) > 1 else 200) * 10**6
    for way in WAYS:
        print(json.dumps({"figure": "compute_logs", "way": way, "bytes": total, **measure(way, total)}))


if __name__ == "__main__":
    main()
