"""RunDesk: an instance with a run coordinator and a launcher that starts nothing, and what a test does with them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import SupportsDaemonLoops
from runrack.interfaces.run_coordinator import RunCoordinator, SubmitRunContext
from runrack.interfaces.workspace import Workspace
from runrack.records.event import Event
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import ACTIVE, RunStatus
from runrack.testing.launching import FakeDaemon, ObedientLauncher, new_run


class Warnings(logging.Handler):
    """Collects what is logged as a warning, while it is entered.

    Attributes:
        texts: What was logged.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())

    def __enter__(self) -> Warnings:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_exception: object) -> None:
        logging.getLogger().removeHandler(self)


@dataclass(frozen=True)
class RunDesk:
    """Where a test submits runs.

    Attributes:
        instance: The instance.
        coordinator: Its run coordinator.
        launcher: Its launcher, which notes what it is asked for.
    """

    instance: Instance
    coordinator: RunCoordinator
    launcher: ObedientLauncher

    def new_run(self, job_name: str = "job", **fields: Any) -> Run:
        """Store a run that can be submitted, and return it."""
        return self.stored(new_run(self.instance, job_name, **fields))

    def submit(self, run: Run, workspace: Workspace | None = None) -> Run:
        """Hand a run to the coordinator itself, and return what it returns."""
        return self.coordinator.submit_run(SubmitRunContext(run, workspace))

    def submit_new(self, job_name: str = "job", **fields: Any) -> str:
        """Store a run, submit it, and return its id."""
        return self.submit(self.new_run(job_name, **fields)).run_id

    def stored(self, run_id: str) -> Run:
        """Return a run as stored."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None, f"run {run_id} is not stored any more"
        return run

    def status_of(self, run_id: str) -> RunStatus:
        """Return the status of a run."""
        return self.stored(run_id).status

    def events_of(self, run_id: str) -> list[EventType | None]:
        """Return the types of the events of a run, oldest first."""
        return [entry.event_type for entry in self.instance.all_logs(run_id)]

    def text_of(self, run_id: str) -> str:
        """Return all that the log of a run says, errors included."""
        return "\n".join(f"{entry.message} {entry.event}" for entry in self.instance.all_logs(run_id))

    def end(self, run_id: str) -> None:
        """Take the part of a worker whose run succeeds."""
        for event_type in (EventType.RUN_START, EventType.RUN_SUCCESS):
            self.instance.report_event(Event(event_type, "job"), run_id)

    def claim(self, run_id: str) -> RunClaim:
        """Take the part of a daemon that claims a queued run."""
        (claim,) = self.instance.run_storage.claim("another daemon", 60, run_ids=[run_id])
        return claim

    def start(self, run_id: str) -> tuple[Run, RunClaim]:
        """Take the part of a daemon that claims a queued run and says that it is starting."""
        ((run, claim),) = self.instance.begin_launches([self.claim(run_id)])
        return run, claim

    def serve(self, owner: str = "daemon", **daemon: Any) -> FakeDaemon:
        """Let a daemon do one round of the coordinator's loops, and return the daemon."""
        assert isinstance(self.coordinator, SupportsDaemonLoops)
        context = FakeDaemon(self.instance, owner=owner, **daemon)
        for loop in self.coordinator.daemon_loops():
            loop.run_once(context)
        return context

    def drain(self, rounds: int = 50) -> Sequence[str]:
        """Serve the queue and end what was launched, again and again, and return what was launched, in order."""
        for _ in range(rounds):
            before = len(self.launcher.launched)
            self.serve()
            for run_id in self.launcher.launched[before:]:
                if self.status_of(run_id) in ACTIVE:
                    self.end(run_id)
            if len(self.launcher.launched) == before:
                break
        return self.launcher.launched
