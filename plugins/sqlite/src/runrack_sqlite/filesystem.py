"""Whether SQLite may keep a file in a folder: on network file systems its locks do not hold, and data is lost."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from runrack.errors import StorageUnavailableError, UnsafeFilesystemError

MOUNTS = Path("/proc/self/mountinfo")
"""Where Linux lists what is mounted. Elsewhere it is missing, and nothing can be checked."""

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600

_NETWORK_TYPES = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "davfs",
        "fuse.davfs2",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def require_local_filesystem(path: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a path on a network file system.

    Args:
        path: A file or folder, which need not exist yet.
        mounts: A file in the format of Linux's `/proc/self/mountinfo`.

    Raises:
        UnsafeFilesystemError: The path lies on a network file system.
    """
    kind = filesystem_type(path, mounts)
    if kind in _NETWORK_TYPES:
        raise UnsafeFilesystemError(
            f"{path} lies on a network file system ({kind}), on which SQLite loses data. Either name a folder on a"
            " local disk (`base_dir`), or use a database server (runrack-postgres or runrack-mysql), or mount a local"
            " volume at this place"
        )


def filesystem_type(path: Path, mounts: Path = MOUNTS) -> str | None:
    """Return the type of the file system that holds `path`, such as `ext4`; None when it cannot be told."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    resolved = path.resolve()
    # The longest mount point above the path holds it; of two at one place, the one mounted last.
    above = [
        (len(point.parts), place, kind)
        for place, (point, kind) in enumerate(_parse(lines))
        if resolved.is_relative_to(point)
    ]
    return max(above)[2] if above else None


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, readable by their owner only.

    Raises:
        StorageUnavailableError: It cannot be made.
    """
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        for parent in reversed(missing):
            parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(folder)
    except OSError as error:
        raise StorageUnavailableError(
            f"the folder {folder} for runrack's database cannot be made ({error.strerror or 'it is a file'}):"
            " name another one, or give this user the permission"
        ) from error


def make_private_file(path: Path) -> None:
    """Make the file when it is missing; the files that SQLite puts beside it get the same permissions.

    A file that exists is not touched: closing a second descriptor of it would drop the locks of this process.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE))
    except OSError:
        return


def _parse(lines: Iterable[str]) -> Iterable[tuple[Path, str]]:
    """Yield mount point and type of each line: the fifth field, and the first after the lone hyphen."""
    for line in lines:
        mount, _, source = line.partition(" - ")
        fields, kinds = mount.split(" "), source.split(" ")
        if len(fields) > 4:  # noqa: PLR2004
            yield Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])), kinds[0]
