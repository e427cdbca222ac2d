"""Failure: how an op says, with metadata, that it cannot go on."""

from __future__ import annotations

from runrack.errors import UserCodeError
from runrack.records.metadata import RawMetadata, to_metadata


class Failure(UserCodeError):  # noqa: N818 - the author's word, as in `raise Failure(…)`
    """Ends the op in failure when it is raised, with something to say about it.

    Args:
        description: What went wrong.
        metadata: Label to value, stored with the failure; plain Python values are converted.
    """

    def __init__(self, description: str | None = None, metadata: RawMetadata | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.metadata = to_metadata(metadata)
