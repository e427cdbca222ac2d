"""The scan: reads the entry points of every installed distribution, and survives the broken ones.

`importlib_metadata` finds and parses; this module makes sure that one damaged distribution costs a diagnostic
and not the whole listing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import importlib_metadata

from runrack.host.distribution import canonical_name
from runrack.host.entry_point import GROUP_PREFIX, Diagnostic, EntryPointRecord, PluginIndex
from runrack.host.index import source_line
from runrack.host.slots import PLUGIN_API_SLOT, SLOTS

if TYPE_CHECKING:
    from importlib_metadata import EntryPoint, IDistribution

_ENTRY_POINTS_FILE = "entry_points.txt"
_PLUGIN_API_GROUP = GROUP_PREFIX + PLUGIN_API_SLOT
_METADATA_FILES = ("METADATA", "PKG-INFO")
_SLOT_VERSION = re.compile(r"(?P<slot>[a-z_]+)-(?P<major>[0-9]+)\.(?P<minor>[0-9]+)", re.ASCII)
_VALUE = re.compile(r"(?P<target>[^\W\d]\w*(\.[^\W\d]\w*)*(\s*:\s*[^\W\d]\w*(\.[^\W\d]\w*)*)?)\s*(\[.*\])?")


def scan_distributions(folders: Sequence[str]) -> tuple[PluginIndex, list[str]]:
    """Return what the distributions in these folders declare, and the index lines of the files that were read.

    Of several copies of one distribution the first on the path counts, as it does for Python's imports.
    """
    scan = _Scan()
    importlib_metadata.MetadataPathFinder.invalidate_caches()
    for distribution in _iter_distributions(folders, scan.diagnostics):
        try:
            scan.add(distribution)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others must be found
            scan.diagnostics.append(_unreadable(_Location(distribution), error))
    return PluginIndex(scan.entries, scan.diagnostics), scan.source_lines


class _Location:
    """Where a distribution's metadata lies, and what the name of that folder says about it."""

    def __init__(self, distribution: IDistribution) -> None:
        # Every finder that looks at folders has this attribute; it is the only way to the metadata's own path.
        folder: Any = getattr(distribution, "_path", None)
        self.folder = folder
        self.path = str(folder) if folder is not None else type(distribution).__name__
        path = PurePath(self.path)
        self.name, self.version = "", ""
        if path.suffix in {".dist-info", ".egg-info"}:
            self.name, _, rest = path.stem.partition("-")
            self.version = rest.partition("-")[0]

    @property
    def label(self) -> str:
        """The distribution as messages name it."""
        return f"{self.name} {self.version}".strip() or self.path

    def has_metadata(self) -> bool:
        """Tell whether this is more than the empty folder that an interrupted uninstall leaves behind."""
        if self.folder is None:
            return True
        return any(self.folder.joinpath(name).exists() for name in _METADATA_FILES) or self.folder.is_file()


class _Scan:
    """What was found so far."""

    def __init__(self) -> None:
        self.entries: list[EntryPointRecord] = []
        self.diagnostics: list[Diagnostic] = []
        self.source_lines: list[str] = []
        self._seen: set[str] = set()

    def add(self, distribution: IDistribution) -> None:
        """Take in one distribution, unless a copy of it came earlier."""
        location = _Location(distribution)
        if not location.has_metadata():
            reason = "the folder holds no METADATA: an installation or removal was interrupted"
            fix = "remove the folder, then install the distribution again if it is still wanted"
            self.diagnostics.append(Diagnostic(location.label, location.path, reason, fix))
            self.source_lines.append(source_line(str(PurePath(location.path, _METADATA_FILES[0]))))
            return
        identity = canonical_name(location.name or distribution.name)
        if identity in self._seen:
            return
        self._seen.add(identity)
        declared_in = str(PurePath(location.path, _ENTRY_POINTS_FILE))
        # The line comes first and stays when reading fails, so that a repair is noticed.
        self.source_lines.append(source_line(declared_in))
        text = distribution.read_text(_ENTRY_POINTS_FILE)
        if text is not None and f"[{GROUP_PREFIX}" in text:
            self._add_entries(distribution, location, declared_in)
        else:
            self.source_lines.pop()

    def _add_entries(self, distribution: IDistribution, location: _Location, declared_in: str) -> None:
        name, version = _identify(distribution, location)
        requested = distribution.read_text("REQUESTED") is not None
        declared: dict[tuple[str, str], EntryPoint] = {}
        for entry in distribution.entry_points:
            if not entry.group.startswith(GROUP_PREFIX):
                continue
            problem = _problem_with(entry)
            if problem is None and (entry.group, entry.name) in declared:
                problem = (f"[{entry.group}] {entry.name} is declared twice", "keep one of them")
            if problem is None:
                declared[entry.group, entry.name] = entry
            else:
                self.diagnostics.append(Diagnostic(f"{name} {version}", declared_in, *problem))
        made_for = [name for group, name in declared if group == _PLUGIN_API_GROUP]
        plugin_api = {int(name) for name in made_for if name.isdigit()}
        slot_api = _slot_versions(made_for)
        self.entries.extend(
            EntryPointRecord(
                entry.group.removeprefix(GROUP_PREFIX),
                entry.name,
                _target(entry.value),
                distribution=name,
                version=version,
                declared_in=declared_in,
                plugin_api=tuple(sorted(plugin_api)),
                slot_api=tuple(sorted(slot_api.get(entry.group.removeprefix(GROUP_PREFIX), ()))),
                requested=requested,
            )
            for entry in declared.values()
            if entry.group != _PLUGIN_API_GROUP
        )


def _iter_distributions(folders: Sequence[str], diagnostics: list[Diagnostic]) -> Iterator[IDistribution]:
    """Yield distributions in the order of the path, those of one folder by the name of their metadata."""
    for folder in folders:
        try:
            found = list(importlib_metadata.distributions(path=[folder]))
        except Exception as error:  # noqa: BLE001 - a finder of somebody else may raise anything
            reason = f"the distributions in it cannot be listed ({type(error).__name__})"
            diagnostics.append(Diagnostic(folder, folder, reason, "check that the folder can be read"))
            continue
        yield from sorted(found, key=lambda distribution: _Location(distribution).path)


def _identify(distribution: IDistribution, location: _Location) -> tuple[str, str]:
    """Read name and version; the folder's name stands in where METADATA is damaged."""
    try:
        name, version = distribution.name, distribution.version
    except Exception:  # noqa: BLE001 - a damaged METADATA takes nothing away from the entry points
        name, version = "", ""
    return name or location.name, version or location.version


def _unreadable(location: _Location, error: Exception) -> Diagnostic:
    name = canonical_name(location.name) if location.name else "the distribution"
    reason = f"its {_ENTRY_POINTS_FILE} cannot be read ({type(error).__name__})"
    return Diagnostic(location.label, location.path, reason, f"reinstall {name}, or report it to its author")


def _problem_with(entry: EntryPoint) -> tuple[str, str] | None:
    """Say what is wrong with one entry, and what its author should do."""
    slot = entry.group.removeprefix(GROUP_PREFIX)
    if entry.group == _PLUGIN_API_GROUP:
        return _problem_with_version(entry)
    if slot not in SLOTS:
        near = difflib.get_close_matches(slot, SLOTS, n=1)
        hint = (
            f"did you mean {GROUP_PREFIX}{near[0]}?"
            if near
            else "groups: " + ", ".join(GROUP_PREFIX + slot for slot in SLOTS)
        )
        return f"[{entry.group}] is no group that runrack knows", hint
    if _target(entry.value) == "":
        return (
            f"[{entry.group}] {entry.name} does not name an object",
            "write it as package.module:attribute",
        )
    return None


def _problem_with_version(entry: EntryPoint) -> tuple[str, str] | None:
    """Say what is wrong with an entry that tells which API the distribution was made for."""
    if entry.name.isascii() and entry.name.isdigit():
        return None
    version = _SLOT_VERSION.fullmatch(entry.name)
    if version is not None and version["slot"] in SLOTS:
        return None
    near = difflib.get_close_matches(version["slot"], SLOTS, n=1) if version else []
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"[{entry.group}] {entry.name!r} is no plugin API version{hint}",
        "name the integer version, 1 = the_package, or a slot's, run_storage-1.4 = the_package",
    )


def _slot_versions(names: Sequence[str]) -> dict[str, set[tuple[int, int]]]:
    """Return slot to the versions of its interface that are named for it."""
    versions: dict[str, set[tuple[int, int]]] = {}
    for match in filter(None, map(_SLOT_VERSION.fullmatch, names)):
        versions.setdefault(match["slot"], set()).add((int(match["major"]), int(match["minor"])))
    return versions


def _target(value: str) -> str:
    """Return `module:attribute` without spaces and extras, or an empty string when the value is malformed."""
    match = _VALUE.fullmatch(value.strip())
    return "" if match is None else "".join(match["target"].split())
