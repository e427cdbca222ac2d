"""What an instance keeps of the plugins that its runs were made with."""

from __future__ import annotations

import threading

import msgspec

from runrack.interfaces.run_storage import RunStorage
from runrack.records.plugin_set import PluginSet

_KEY_PREFIX = "runrack/plugin_set/"
"""Before the id of a set: the bookmark that keeps it. Many runs share one."""


class PluginSetStore:
    """Keeps each set of plugins once, however many runs were made with it."""

    def __init__(self) -> None:
        self._stored: set[str] = set()
        self._lock = threading.Lock()

    def add(self, plugins: PluginSet, storage: RunStorage) -> str:
        """Keep a set, if it is not kept already, and return its id. After the first time this asks the storage nothing."""
        plugin_set_id = plugins.id
        with self._lock:
            if plugin_set_id not in self._stored:
                _store(plugin_set_id, plugins, storage)
                self._stored.add(plugin_set_id)
        return plugin_set_id


def find_plugin_set(plugin_set_id: str, storage: RunStorage) -> PluginSet | None:
    """Return the set with this id; None when it is no longer kept, or is kept in a form that this version does not know."""
    key = _KEY_PREFIX + plugin_set_id
    text = storage.get_cursor_values([key]).get(key)
    try:
        return None if text is None else msgspec.json.decode(text, type=PluginSet)
    except msgspec.DecodeError:
        return None


def _store(plugin_set_id: str, plugins: PluginSet, storage: RunStorage) -> None:
    key = _KEY_PREFIX + plugin_set_id
    if key not in storage.get_cursor_values([key]):
        storage.set_cursor_values({key: msgspec.json.encode(plugins).decode()})
