"""Discovery: which plugins are installed, without importing any of them.

Looking through every installed distribution takes a tenth of a second, so its result is kept in an index file,
with the modification time and inode of each folder on the search path and the modification time and size of each
`entry_points.txt` that declares something for runrack. Installers create and replace whole folders, so every
installation, upgrade and removal changes one of these numbers. Only an edit by hand that adds the first runrack
entry to a distribution goes unseen; `RUNRACK_NO_INDEX=1` looks afresh.

As long as the index holds, this imports `os` and `sys` only and takes a fraction of a millisecond.
"""

import os
import sys

from runrack.host.entry_point import PluginIndex
from runrack.host.index import folder_line, is_racy, read_index, store_index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER_FINDERS = ("_frozen_importlib_external", "importlib._bootstrap_external", "importlib_metadata")


def discover(
    path: "Sequence[str] | None" = None, cache_dir: str | None = None, *, now_ns: int | None = None
) -> PluginIndex:
    """Return the entry points that installed distributions declare for runrack.

    - No plugin is imported.
    - What cannot be read becomes a diagnostic, never an exception.
    - A cache folder that cannot be used costs time, nothing else.

    Args:
        path: Where to look, like `sys.path`, which is the default.
        cache_dir: Folder of the index; `$XDG_CACHE_HOME/runrack` by default.
        now_ns: The current time in nanoseconds since 1970; the clock's by default.
    """
    # `lib64` is often a link to `lib`: under its real name each folder comes once.
    real_paths = [os.path.realpath(entry) for entry in (sys.path if path is None else path)]
    folders = list(dict.fromkeys(real_paths))
    index_file = _index_file(folders, cache_dir)
    if index_file is None:
        return _scan(folders)[0]
    folder_lines = [folder_line(folder) for folder in folders]
    stored = read_index(index_file, folder_lines)
    if stored is not None:
        return stored
    index, source_lines = _scan(folders)
    if not is_racy([*folder_lines, *source_lines], _clock_ns() if now_ns is None else now_ns):
        store_index(index_file, folder_lines, source_lines, index)
    return index


def _scan(folders: "Sequence[str]") -> tuple[PluginIndex, list[str]]:
    from runrack.host.scan import scan_distributions

    return scan_distributions(folders)


def _clock_ns() -> int:
    import time

    return time.time_ns()


def _index_file(folders: "Sequence[str]", cache_dir: str | None) -> str | None:
    """Name the index of this search path, or give None when no index can or may be kept."""
    if os.environ.get("RUNRACK_NO_INDEX", "0") not in {"", "0"} or _has_foreign_finders():
        return None
    folder = cache_dir or os.path.join(_cache_home(), "runrack")
    if not os.path.isabs(folder):
        return None
    number = int.from_bytes(os.fsencode("\n".join(folders)), "big") % (2**61 - 1)
    return os.path.join(folder, f"plugins-{number:x}.tsv")


def _cache_home() -> str:
    configured = os.environ.get("XDG_CACHE_HOME", "")
    return configured if os.path.isabs(configured) else os.path.expanduser("~/.cache")


def _has_foreign_finders() -> bool:
    """Tell whether distributions may come from elsewhere than folders, as in frozen applications."""
    return any(
        hasattr(finder, "find_distributions") and getattr(finder, "__module__", None) not in _FOLDER_FINDERS
        for finder in sys.meta_path
    )
