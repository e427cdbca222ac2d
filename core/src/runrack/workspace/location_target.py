"""LocationTarget: what a code location is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runrack.errors import InvalidArgumentError
from runrack.records.record import Record
from runrack.records.run import JobCodeOrigin


class LocationTarget(Record, frozen=True, kw_only=True):
    """What a code location is made from: a file, a module, or a package with all of its modules.

    Attributes:
        location_name: Its name in the workspace.
        python_file: Absolute path of a Python file.
        python_module: A module that can be imported.
        package: A package, which is imported with all that lies in it.
        attribute: The name at its top level that holds its definitions; all names when None.
        working_directory: Absolute path of the folder that the process works in, and imports from.
        executable_path: The interpreter; the one of the caller when None.
        follows_pointers: Whether a run may say itself which of its jobs it executes: only where a run named the place.
    """

    location_name: str
    python_file: str | None = None
    python_module: str | None = None
    package: str | None = None
    attribute: str | None = None
    working_directory: str | None = None
    executable_path: str | None = None
    follows_pointers: bool = False

    def __post_init__(self) -> None:
        if sum(place is not None for place in (self.python_file, self.python_module, self.package)) != 1:
            raise InvalidArgumentError(
                "a code location is made from one of python_file, python_module and package"
            )

    @property
    def source(self) -> str:
        """The file, module or package, as it was named."""
        return self.python_file or self.python_module or self.package or ""


_PLACE_KEYS = {"python_file": "path", "python_module": "module", "package": "name"}


def targets_from_config(entries: Sequence[Mapping[str, Any]], base_dir: Path) -> list[LocationTarget]:
    """Return what a checked `workspace` names, in its order.

    Args:
        entries: One mapping each: the kind of place to what is said of it.
        base_dir: The folder of the file that they come from: where relative paths begin.

    Raises:
        InvalidArgumentError: Two locations have one name.
    """
    targets = [_target(kind, details, base_dir) for entry in entries for kind, details in entry.items()]
    names = [target.location_name for target in targets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidArgumentError(
            f"two code locations are named {twice[0]!r}: give one of them another location_name"
        )
    return targets


def target_of_origin(origin: JobCodeOrigin) -> LocationTarget:
    """Return the location that holds nothing but the file or module that a run's code pointer names."""
    return LocationTarget(
        location_name=origin.file or origin.module or "",
        python_file=origin.file,
        python_module=origin.module,
        working_directory=origin.working_directory,
        executable_path=origin.executable,
        follows_pointers=True,
    )


def _target(kind: str, details: Mapping[str, Any], base_dir: Path) -> LocationTarget:
    place: str = details[_PLACE_KEYS[kind]]
    if kind == "python_file":
        place = str(base_dir / Path(place).expanduser())
    folder = base_dir / Path(str(details.get("working_directory", ""))).expanduser()
    executable = details.get("executable_path")
    code: dict[str, Any] = {kind: place}
    return LocationTarget(
        **code,
        location_name=details.get("location_name") or Path(place).name,
        attribute=details.get("attribute"),
        working_directory=str(folder),
        executable_path=None if executable is None else str(base_dir / Path(executable).expanduser()),
    )
