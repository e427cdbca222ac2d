"""Resets the connection while a storage commits, again and again; prints what was lost or doubled as a line of JSON.

A script: `commit_faults.py [postgres|mariadb] [FAULTS]`. A quarter of the faults hit the commit itself, which is then not
carried out; the others hit a byte of its reply.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from runrack.testing.commit_faults import store_through_faults


@contextmanager
def empty_database(kind: str) -> Iterator[str]:
    """Give the URL of a new database on a server of our own."""
    server_module = import_module(f"runrack.testing.{kind}")
    with getattr(server_module, f"own_{kind}_server")() as server, server.database() as url:
        yield url


def main(kind: str = "postgres", faults: int = 2000) -> None:
    """Run the experiment and print its figures."""
    storages = {
        "postgres": ("runrack_postgres", "PostgresStorage"),
        "mariadb": ("runrack_mysql", "MySQLStorage"),
    }
    module, name = storages[kind]
    began = time.monotonic()
    with empty_database(kind) as url:
        report = store_through_faults(url, getattr(import_module(module), name), faults)
    figures = {
        "database": kind,
        "connections_reset": report.faults,
        "acknowledged": report.acknowledged,
        "lost": len(report.lost),
        "doubled": len(report.doubled),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["postgres"]
    main(chosen[0], *map(int, chosen[1:]))
