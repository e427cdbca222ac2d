"""The version of the installed core, found without the import of `importlib.metadata`, which takes longer than all else."""

import os
import sys

_PREFIX, _SUFFIX = "runrack_core-", ".dist-info"


def core_version() -> str:
    """Return the version of the installed distribution `runrack-core`."""
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - `pathlib` takes longer to import than everything here
        except OSError:
            continue
        for name in names:
            if name.startswith(_PREFIX) and name.endswith(_SUFFIX):
                return name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    return _version_from_metadata()


def _version_from_metadata() -> str:
    from importlib import metadata

    try:
        return metadata.version("runrack-core")
    except metadata.PackageNotFoundError:
        return "of a source tree that is not installed"
