"""RunStatus and the one table of its legal transitions."""

from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run stands. The value equals the name."""

    NOT_STARTED = "NOT_STARTED"
    QUEUED = "QUEUED"
    MANAGED = "MANAGED"
    STARTING = "STARTING"
    STARTED = "STARTED"
    CANCELING = "CANCELING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELED = "CANCELED"


_S = RunStatus

FINISHED = frozenset({_S.SUCCESS, _S.FAILURE, _S.CANCELED})
"""Terminal: nothing follows."""

ACTIVE = frozenset({_S.STARTING, _S.STARTED, _S.CANCELING})
"""A worker owns the run, or is about to: these count against the limits of a queue."""

NOT_FINISHED = ACTIVE | {_S.QUEUED, _S.NOT_STARTED}
CANCELABLE = frozenset({_S.STARTED, _S.QUEUED})

TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    _S.NOT_STARTED: frozenset({_S.QUEUED, _S.STARTING, _S.STARTED, _S.CANCELING, _S.CANCELED, _S.FAILURE}),
    _S.QUEUED: frozenset({_S.STARTING, _S.CANCELING, _S.CANCELED, _S.FAILURE}),
    _S.MANAGED: frozenset({_S.STARTED, _S.SUCCESS, _S.CANCELING, _S.CANCELED, _S.FAILURE}),
    _S.STARTING: frozenset({_S.QUEUED, _S.STARTED, _S.CANCELING, _S.CANCELED, _S.FAILURE}),
    _S.STARTED: frozenset({_S.SUCCESS, _S.CANCELING, _S.CANCELED, _S.FAILURE}),
    _S.CANCELING: frozenset({_S.SUCCESS, _S.CANCELED, _S.FAILURE}),
    _S.SUCCESS: frozenset(),
    _S.FAILURE: frozenset(),
    _S.CANCELED: frozenset(),
}
"""Status to the statuses that may follow it. STARTING goes back to QUEUED when a launch is to be tried again."""

ALLOWED_BEFORE: dict[RunStatus, frozenset[RunStatus]] = {
    after: frozenset(before for before, followers in TRANSITIONS.items() if after in followers)
    for after in RunStatus
}
"""Status to the statuses that it may follow: the condition of a guarded update."""
