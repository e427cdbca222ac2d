"""A schedule storage that was made for schedule_storage API 1.0."""

import os
from pathlib import Path

from typing_extensions import override

from runrack.config import Field, StringSource
from runrack.host.configurable import ConfigurableClass
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack_sqlite import SqliteScheduleStorage


class AcmeScheduleStorage(ScheduleStorage, ConfigurableClass):
    """Keeps schedules in a SQLite file, and notes that it was used."""

    def __init__(self, base_dir, inst_data=None):
        self._inst_data = inst_data
        self._inner = SqliteScheduleStorage(base_dir)
        note("schedule_storage")

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
    def add_instigator_state(self, state):
        return self._inner.add_instigator_state(state)

    @override
    def all_instigator_state(
        self, repository_selector_id=None, instigator_type=None, instigator_statuses=None
    ):
        return self._inner.all_instigator_state(repository_selector_id, instigator_type, instigator_statuses)

    @override
    def change_instigator_state(self, selector_id, change):
        return self._inner.change_instigator_state(selector_id, change)

    @override
    def claim_tick(self, tick_data, key, owner, lease_seconds):
        return self._inner.claim_tick(tick_data, key, owner, lease_seconds)

    @override
    def create_tick(self, tick_data):
        return self._inner.create_tick(tick_data)

    @override
    def delete_instigator_state(self, selector_id):
        return self._inner.delete_instigator_state(selector_id)

    @override
    def get_instigator_state(self, selector_id):
        return self._inner.get_instigator_state(selector_id)

    @override
    def get_ticks(self, selector_ids=None, before=None, after=None, limit=None, statuses=None, tick_ids=None):
        return self._inner.get_ticks(selector_ids, before, after, limit, statuses, tick_ids)

    @override
    def list_expired_ticks(self, limit=100):
        return self._inner.list_expired_ticks(limit)

    @override
    def purge_ticks(self, selector_id, before, tick_statuses=None):
        return self._inner.purge_ticks(selector_id, before, tick_statuses)

    @override
    def renew_tick(self, tick_id, owner, lease_seconds):
        return self._inner.renew_tick(tick_id, owner, lease_seconds)

    @override
    def take_over_tick(self, tick_id, owner, lease_seconds):
        return self._inner.take_over_tick(tick_id, owner, lease_seconds)

    @override
    def update_instigator_state(self, state):
        return self._inner.update_instigator_state(state)

    @override
    def update_tick(self, tick):
        return self._inner.update_tick(tick)

    @override
    def wipe(self):
        return self._inner.wipe()


def note(what):
    """Append a line to the file that a test names."""
    file = os.environ.get("ACME_NOTES")
    if file is not None:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(f"{what}\n")
