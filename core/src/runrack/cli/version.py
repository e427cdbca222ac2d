"""What `runrack --version` prints."""

import sys

from runrack.host.core_version import core_version


def version_line() -> str:
    """Return what `runrack --version` prints."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return f"runrack {core_version()} (Python {python})"
