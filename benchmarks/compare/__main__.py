"""runrack beside its peer: `python benchmarks/compare [--rounds N] [WORKLOAD …]`.

Both sides run the same workloads on the same machine in the same call, in turn, round after round, each time in a new
process and a new home; a figure is the median over the rounds, and what counts is the ratio. The peer is installed into
an environment of its own in `.peer/`, with the versions below. Databases: SQLite, and a PostgreSQL server that is started
for the purpose with its default settings, where a commit waits for the disk.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import workload as w

from runrack.testing.postgres import OwnPostgresServer, own_postgres_server

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEER = ROOT / ".peer"
PEER_PACKAGES = ["dagster==1.13.27", "dagster-postgres==0.29.27", "psycopg2-binary"]
WORKLOADS = {
    "events": ("sqlite", "postgres"),
    "processes": ("sqlite", "postgres"),
    "runs": ("sqlite", "postgres"),
    "reads": ("sqlite", "postgres"),
    "steps": ("sqlite",),
    "step_processes": ("sqlite",),
    "enqueue": ("sqlite", "postgres"),
    "launch": ("sqlite",),
    "cold": ("sqlite",),
}
"""Workload to the databases that it is run on."""


def peer_python() -> str:
    """Return the Python that has the peer, installed at the first call."""
    python = PEER / "bin" / "python"
    stamp = PEER / ".installed"
    if not stamp.exists():
        print(f"installing {', '.join(PEER_PACKAGES)} into {PEER.name}/", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEER_PACKAGES], check=True)
        stamp.touch()
    return str(python)


@contextmanager
def home_of(side: str, store: str, server: OwnPostgresServer | None) -> Iterator[str]:
    """Give a new home whose configuration names a new store."""
    with tempfile.TemporaryDirectory(prefix=f"compare-{side}-") as home:
        file = Path(home, "runrack.yaml" if side == "runrack" else "dagster.yaml")
        # Whatever the peer starts reads this; a variable of the environment does not reach all of it.
        file.write_text("" if side == "runrack" else "telemetry: {enabled: false}\n")
        if store == "sqlite" or server is None:
            yield home
            return
        with server.database() as url:
            driver = url if side == "runrack" else url.replace("postgresql://", "postgresql+psycopg2://")
            w.configure(file, f"storage:\n  postgres:\n    postgres_url: {driver}")
            yield home


def measure(side: str, workload: str, store: str, server: OwnPostgresServer | None) -> dict[str, float]:
    """Run one side of a workload in a process of its own and return its figures."""
    program = "ours.py" if side == "runrack" else "peer.py"
    python = sys.executable if side == "runrack" else peer_python()
    with home_of(side, store, server) as home:
        environment = {**os.environ, "DAGSTER_HOME": home}
        # An installed package is compiled once, not at every start.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [python, program, workload, home],
            cwd=HERE,
            env=environment,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        )
    # Processes that a side has started may write there, too.
    (said,) = (line for line in done.stdout.splitlines() if line.startswith(w.ANSWER))
    figures: dict[str, float] = json.loads(said)["figures"]
    return figures


def compare(workload: str, store: str, rounds: int, server: OwnPostgresServer | None) -> None:
    """Run both sides in turn, and print each figure with its ratio: how many times better runrack is."""
    results: dict[str, list[dict[str, float]]] = {"runrack": [], "peer": []}
    for _ in range(rounds):
        for side, figures in results.items():
            figures.append(measure(side, workload, store, server))
    for name in results["peer"][0]:
        ours, theirs = (statistics.median(one[name] for one in results[side]) for side in ("runrack", "peer"))
        ratio = ours / theirs if name.endswith("/s") else theirs / ours
        line = {"workload": workload, "store": store, "figure": name, "runrack": round(ours, 3)}
        print(json.dumps({**line, "peer": round(theirs, 3), "times_better": round(ratio, 1)}), flush=True)


def main() -> None:
    """Compare the workloads that are named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", nargs="*", help=f"any of {', '.join(WORKLOADS)}; all when left out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", choices=["sqlite", "postgres"], help="only on this database")
    arguments = parser.parse_args()
    chosen = arguments.workload or list(WORKLOADS)
    if unknown := set(chosen) - set(WORKLOADS):
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")
    peer_python()
    with own_postgres_server(settings={"fsync": "on", "full_page_writes": "on"}) as server:
        for workload in chosen:
            for store in WORKLOADS[workload]:
                if arguments.store in {None, store}:
                    compare(workload, store, arguments.rounds, server)


if __name__ == "__main__":
    main()
