"""What a storage can tell about its own health."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

from runrack.records.record import Record


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    """As it should be."""

    NOTE = "note"
    """Worth knowing; nothing has to be done."""

    PROBLEM = "problem"
    """Something has to be done."""


class Finding(Record, frozen=True):
    """What one look at a storage found.

    Attributes:
        subject: What was looked at, in a word or two.
        severity: How bad it is.
        message: What was found, and what to do about a problem.
    """

    subject: str
    severity: Severity
    message: str


@runtime_checkable
class SupportsCheck(Protocol):
    """A storage that can tell whether what it keeps is whole."""

    def check(self) -> Sequence[Finding]:
        """Return what was found; changes nothing, and may read everything that is stored.

        Raises:
            StorageUnavailableError: The storage cannot be reached.
        """
        ...
