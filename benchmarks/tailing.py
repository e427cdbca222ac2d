"""Three readers tail the log by cursor while eight processes store events; prints what they missed or saw twice.

A script: `tailing.py [sqlite|postgres|mariadb] [EVENTS]`, one line of JSON. On a server, half of the writers are at
the end of a slow line, so that their transactions stay open while others begin and end.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from importlib import import_module
from pathlib import Path

from runrack.interfaces.storage import Storage
from runrack.testing.fault_proxy import fault_proxy
from runrack.testing.tailing import tail_while_writing

SLOW_LINE_SECONDS = 0.002
SERVERS = {"postgres": ("runrack_postgres", "PostgresStorage"), "mariadb": ("runrack_mysql", "MySQLStorage")}

Openers = Sequence[Callable[[], Storage]]


@contextmanager
def openers_of(kind: str) -> Iterator[Openers]:
    """Give the ways to open an empty storage."""
    if kind == "sqlite":
        from runrack_sqlite import SqliteStorage

        with tempfile.TemporaryDirectory() as folder:
            yield [partial(SqliteStorage, Path(folder))]
        return
    module, name = SERVERS[kind]
    storage_class = getattr(import_module(module), name)
    own_server = getattr(import_module(f"runrack.testing.{kind}"), f"own_{kind}_server")
    with own_server() as server, server.database() as url, fault_proxy(url) as (proxy, through):
        storage = storage_class(url)
        storage.migrate()
        storage.dispose()
        proxy.delay_seconds = SLOW_LINE_SECONDS
        yield [partial(storage_class, url), partial(storage_class, through)]


def main(kind: str = "sqlite", events: int = 200_000) -> None:
    """Run the experiment and print its figures."""
    with openers_of(kind) as openers:
        began = time.monotonic()
        report = tail_while_writing(openers, events)
        print(json.dumps({"storage": kind, **asdict(report), "seconds": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["sqlite"]
    main(chosen[0], *map(int, chosen[1:]))
