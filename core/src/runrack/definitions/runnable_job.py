"""RunnableJob: a job, or what leads to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from runrack.records.run import JobCodeOrigin

if TYPE_CHECKING:
    from runrack.definitions.job import JobDefinition


@runtime_checkable
class RunnableJob(Protocol):
    """Something that can be run: a JobDefinition, or a ReconstructableJob, which other processes can load too."""

    def get_definition(self) -> JobDefinition:
        """Return the job."""
        ...

    def get_code_origin(self) -> JobCodeOrigin | None:
        """Return where the job's code lies; None when only this process knows it."""
        ...
