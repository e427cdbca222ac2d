"""A run storage that was made for run_storage API 1.0."""

import os
from pathlib import Path

from typing_extensions import override

from runrack.config import Field, StringSource
from runrack.host.configurable import ConfigurableClass
from runrack.interfaces.run_storage import RunStorage
from runrack.records.run_status import RunStatus
from runrack_sqlite import SqliteRunStorage


class AcmeRunStorage(RunStorage, ConfigurableClass):
    """Keeps runs in a SQLite file, and notes that it was used."""

    def __init__(self, base_dir, inst_data=None):
        self._inst_data = inst_data
        self._inner = SqliteRunStorage(base_dir)
        note("run_storage")

    @property
    @override
    def inst_data(self):
        return self._inst_data

    @classmethod
    @override
    def config_type(cls):
        return {"base_dir": Field(StringSource, description="Folder of the files", is_secret=False)}

    @classmethod
    @override
    def from_config_value(cls, inst_data, config_value):
        return cls(inst_data=inst_data, **config_value)

    @override
    def dispose(self):
        self._inner.dispose()

    @override
    def add_daemon_heartbeat(self, daemon_heartbeat):
        return self._inner.add_daemon_heartbeat(daemon_heartbeat)

    @override
    def add_run(self, run, *, create_time=None):
        return self._inner.add_run(run, create_time=create_time)

    @override
    def add_run_tags(self, run_id, new_tags):
        return self._inner.add_run_tags(run_id, new_tags)

    @override
    def add_snapshot(self, snapshot):
        return self._inner.add_snapshot(snapshot)

    @override
    def claim(self, owner, lease_seconds, limit=1, run_ids=None, status=RunStatus.QUEUED):
        return self._inner.claim(owner, lease_seconds, limit, run_ids, status)

    @override
    def claim_next(self, owner, lease_seconds, limits, limit=1):
        return self._inner.claim_next(owner, lease_seconds, limits, limit)

    @override
    def count_in_progress(self, tag_keys=()):
        return self._inner.count_in_progress(tag_keys)

    @override
    def delete_run(self, run_id):
        return self._inner.delete_run(run_id)

    @override
    def expire(self, limit=100):
        return self._inner.expire(limit)

    @override
    def get_cursor_values(self, keys):
        return self._inner.get_cursor_values(keys)

    @override
    def get_daemon_heartbeats(self):
        return self._inner.get_daemon_heartbeats()

    @override
    def get_run_records(self, filters=None, limit=None, order_by=None, ascending=False, cursor=None):
        return self._inner.get_run_records(filters, limit, order_by, ascending, cursor)

    @override
    def get_run_tag_keys(self):
        return self._inner.get_run_tag_keys()

    @override
    def get_run_tags(self, tag_keys=None, value_prefix=None, limit=None):
        return self._inner.get_run_tags(tag_keys, value_prefix, limit)

    @override
    def get_runs_count(self, filters=None):
        return self._inner.get_runs_count(filters)

    @override
    def get_snapshot(self, snapshot_id):
        return self._inner.get_snapshot(snapshot_id)

    @override
    def handle_run_event(self, run_id, event, *, update_timestamp=None, epoch=None):
        return self._inner.handle_run_event(run_id, event, update_timestamp=update_timestamp, epoch=epoch)

    @override
    def list_queued(self, limit=100):
        return self._inner.list_queued(limit)

    @override
    def release(self, claim):
        return self._inner.release(claim)

    @override
    def renew(self, claim, lease_seconds, owner=None):
        return self._inner.renew(claim, lease_seconds, owner)

    @override
    def set_cursor_values(self, values):
        return self._inner.set_cursor_values(values)

    @override
    def wipe(self):
        return self._inner.wipe()

    @override
    def wipe_daemon_heartbeats(self):
        return self._inner.wipe_daemon_heartbeats()


def note(what):
    """Append a line to the file that a test names."""
    file = os.environ.get("ACME_NOTES")
    if file is not None:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(f"{what}\n")
