"""The index file: what discovery found last time, and the numbers that tell whether that still holds.

A text file of tab-separated fields, because importing `json` alone takes longer than all of this: a header, a line for each
folder of the search path (modification time, inode), a line for each file that was read (modification
time, size), then entries and diagnostics, then a last line that proves the file complete.
"""

import os

from runrack.host.entry_point import Diagnostic, EntryPointRecord, PluginIndex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADER = "runrack plugin index 2"
_END = "end"
_RACY_NS = 2_000_000_000  # a file touched this recently may change again without its time changing
_MAX_FILES = 50


def folder_line(folder: str) -> str:
    """Return the line that changes when something is added to or removed from a folder."""
    try:
        status = os.stat(folder)
    except OSError:
        return _line("folder", folder, "0", "0")
    return _line("folder", folder, str(status.st_mtime_ns), str(status.st_ino))


def source_line(path: str) -> str:
    """Return the line that changes when a file does."""
    try:
        status = os.stat(path)
    except OSError:
        return _line("source", path, "0", "0")
    return _line("source", path, str(status.st_mtime_ns), str(status.st_size))


def is_racy(lines: "Sequence[str]", now_ns: int) -> bool:
    """Tell whether a folder or file of these lines was changed so recently that its time proves nothing yet."""
    return any(abs(now_ns - int(line.split("\t")[2])) < _RACY_NS for line in lines)


def read_index(index_file: str, folder_lines: "Sequence[str]") -> PluginIndex | None:
    """Return what the index holds, or None when there is none, it is out of date, damaged, or another user's."""
    text = _read_own_file(index_file)
    beginning = "".join([f"{_HEADER}\n", *folder_lines])
    if text is None or not text.startswith(beginning) or not text.endswith(f"\n{_END}\n"):
        return None
    try:
        return _parse(text[len(beginning) :].split("\n")[:-2])
    except ValueError:
        return None


def store_index(
    index_file: str, folder_lines: "Sequence[str]", source_lines: "Sequence[str]", index: PluginIndex
) -> None:
    """Write the index in one move; a folder that cannot be written leaves things as they are."""
    lines = [f"{_HEADER}\n", *folder_lines, *source_lines]
    lines += [_entry_line(entry) for entry in index.entries]
    lines += [
        _line("diagnostic", found.distribution, found.path, found.reason, found.fix)
        for found in index.diagnostics
    ]
    temporary = f"{index_file}.{os.getpid()}"
    try:
        folder = os.path.dirname(index_file)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        _remove_oldest(folder)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(os.fsencode("".join([*lines, f"{_END}\n"])))
        os.replace(temporary, index_file)
    except OSError:
        # The index only saves time, and its folder may be read-only, full, or not ours.
        return


def _read_own_file(path: str) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        # It names the modules that get imported: only a file that nobody else can write is believed.
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return None
        return os.fsdecode(os.read(descriptor, status.st_size))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _parse(lines: "Sequence[str]") -> PluginIndex | None:
    entries = []
    diagnostics = []
    for line in lines:
        kind, *fields = line.split("\t")
        if "\\" in line:
            fields = [_unescape(field) for field in fields]
        if kind == "source":
            if source_line(fields[0]) != f"{line}\n":
                return None
        elif kind == "entry":
            entries.append(_parse_entry(fields))
        else:
            distribution, path, reason, fix = fields
            diagnostics.append(Diagnostic(distribution, path, reason, fix))
    return PluginIndex(entries, diagnostics)


def _parse_entry(fields: "Sequence[str]") -> EntryPointRecord:
    slot, name, value, distribution, version, declared_in, plugin_api, slot_api, requested = fields
    return EntryPointRecord(
        slot,
        name,
        value,
        distribution=distribution,
        version=version,
        declared_in=declared_in,
        plugin_api=tuple(int(number) for number in plugin_api.split()),
        slot_api=tuple(_parse_version(version) for version in slot_api.split()),
        requested=requested == "1",
    )


def _parse_version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def _entry_line(entry: EntryPointRecord) -> str:
    return _line(
        "entry",
        entry.slot,
        entry.name,
        entry.value,
        entry.distribution,
        entry.version,
        entry.declared_in,
        " ".join(str(number) for number in entry.plugin_api),
        " ".join(f"{major}.{minor}" for major, minor in entry.slot_api),
        "1" if entry.requested else "0",
    )


def _remove_oldest(folder: str) -> None:
    """Keep the folder small: every search path, so every virtual environment, has an index of its own."""
    paths = [entry.path for entry in os.scandir(folder) if entry.name.startswith("plugins-")]
    if len(paths) >= _MAX_FILES:
        for path in sorted(paths, key=lambda path: os.stat(path).st_mtime_ns)[: _MAX_FILES // 2]:
            os.unlink(path)


def _line(*fields: str) -> str:
    return "\t".join(_escape(field) for field in fields) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _unescape(text: str) -> str:
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r") for part in parts)
