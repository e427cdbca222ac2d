"""Stores events in a sharded log, one by one, and prints each event id after the call that stored it has returned.

A script: `sharded_writer.py FOLDER RUN_ID EVENTS`.
"""

import sys

from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_materialization
from runrack_sqlite import SqliteEventLogStorage


def main(folder: str, run_id: str, events: int) -> None:
    """Store every second event about an asset: in the shard alone, and in shard and index, by turns."""
    storage = SqliteEventLogStorage(folder)
    for place in range(events):
        entry = (
            make_materialization("asset", str(place), run_id)
            if place % 2
            else make_entry(EventType.STEP_START, run_id)
        )
        storage.store_event(entry)
        sys.stdout.write(f"{entry.event_id}\n")
        sys.stdout.flush()
    storage.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
