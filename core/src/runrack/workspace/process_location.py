"""ProcessLocation: a code location in a process of its own, which is replaced when its files change or when it dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from runrack.errors import LocationUnavailableError, NotFoundError, StepProcessError
from runrack.interfaces.workspace import (
    DEFAULT_TIMEOUT_SECONDS,
    CodeLocation,
    LocationContents,
    LocationInfo,
    LocationState,
    RunProcess,
    StartRunRequest,
    TickRequest,
    TickResult,
)
from runrack.records.error_info import error_info_from_exception
from runrack.workspace.loaded_code import stamp_of
from runrack.workspace.location_process import LocationProcess
from runrack.workspace.location_target import LocationTarget
from runrack.workspace.message import (
    FileStamp,
    LoadOutcome,
    PartitionAnswer,
    PartitionQuestion,
    TickAnswer,
    TickQuestion,
)

LOAD_TIMEOUT_SECONDS = 300.0
"""How long loading the code of a location may take."""

LOOK_INTERVAL_SECONDS = 1.0
"""How often the files of a location are looked at, at most."""

LONGEST_PAUSE_SECONDS = 60.0
"""How long a location that cannot be loaded is left alone, at most, while its files stay as they are."""


class ProcessLocation(CodeLocation):
    """A code location in a process of its own.

    - Its code is loaded when it is first needed, and again when one of its files has changed or the process has died.
    - What cannot be loaded is tried again when its files change, and after a pause, which doubles each time.

    Args:
        target: What it is made from.
        instance_ref: Gives the instance whose parts the runs need; None for none.
        log_folder: Where the output of its process goes; nowhere when None.
        clock: Gives seconds.
    """

    def __init__(
        self,
        target: LocationTarget,
        instance_ref: Callable[[], Mapping[str, Any] | None],
        log_folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._instance_ref = instance_ref
        self._log = None if log_folder is None else log_folder / "locations.log"
        self._clock = clock
        self._changing = threading.RLock()  # held while the process is replaced
        self._process: LocationProcess | None = None
        self._contents = LocationContents()
        self._files: Sequence[FileStamp] = ()
        self._error: str | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._look_at = 0.0
        self._loaded_at: float | None = None

    @property
    @override
    def name(self) -> str:
        return self._target.location_name

    @property
    def info(self) -> LocationInfo:
        """How the location is now; nothing is loaded for it."""
        process = self._process
        state = LocationState.LOADED if process is not None else LocationState.ERROR
        pid = None if process is None else process.pid
        return LocationInfo(self.name, state, self._target.source, self._error, self._loaded_at, pid)

    @override
    def get_contents(self) -> LocationContents:
        self._ready()
        return self._contents

    @override
    def evaluate_tick(
        self, request: TickRequest, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> TickResult:
        process = self._ready()
        answer = process.ask(TickQuestion(request, timeout_seconds), timeout_seconds)
        if isinstance(answer, TickAnswer):
            if answer.result is None:
                kind = request.instigator_type.lower()
                raise NotFoundError(f"code location {self.name!r} has no {kind} {request.instigator_name!r}")
            return answer.result
        self._check_alive(process)
        return TickResult(error=error_info_from_exception(self._no_answer(timeout_seconds)))

    @override
    def get_partition_keys(
        self,
        job_name: str,
        instance_ref: Mapping[str, Any] | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Sequence[str]:
        process = self._ready()
        question = PartitionQuestion(job_name, instance_ref, timeout_seconds)
        answer = process.ask(question, timeout_seconds)
        if not isinstance(answer, PartitionAnswer):
            raise LocationUnavailableError(self.name, self._no_answer(timeout_seconds).message)
        if answer.error is not None:
            raise LocationUnavailableError(self.name, answer.error)
        if answer.keys is None:
            raise NotFoundError(f"code location {self.name!r} has no job {job_name!r}")
        return answer.keys

    @override
    def start_run(self, request: StartRunRequest) -> RunProcess:
        return self._ready().start_run(request)

    def why_unavailable(self) -> str | None:
        """Return why the code cannot be loaded; None when it is loaded.

        While another thread loads it, that is what it says: who asks about many locations does not wait for the slowest.
        """
        if not self._changing.acquire(blocking=False):
            return "its code is being loaded"
        try:
            self._ready()
        except LocationUnavailableError as error:
            return error.reason
        finally:
            self._changing.release()
        return None

    def reload(self) -> None:
        """Load the code anew; what comes of it is in `info`."""
        with self._changing:
            self._load()

    def refresh(self) -> bool:
        """Load the code anew if there is reason to, and tell whether there was."""
        with self._changing:
            if self._process is None and not self._is_retry_due():
                return False
            if self._process is not None and self._process.is_alive and not self._have_files_changed():
                return False
            self._load()
            return True

    def close(self) -> None:
        """End the process. Harmless when repeated."""
        with self._changing:
            process, self._process = self._process, None
        if process is not None:
            process.close()

    def _ready(self) -> LocationProcess:
        """Return the process with the code as it is now.

        Raises:
            LocationUnavailableError: The code cannot be loaded.
        """
        with self._changing:
            now = self._clock()
            if self._process is None or not self._process.is_alive or now >= self._look_at:
                self._look_at = now + LOOK_INTERVAL_SECONDS
                self.refresh()
            if self._process is None:
                raise LocationUnavailableError(self.name, self._error or "its process died")
            return self._process

    def _is_retry_due(self) -> bool:
        return self._clock() >= self._retry_at or self._have_files_changed()

    def _have_files_changed(self) -> bool:
        return any(stamp_of(stamp.path) != stamp for stamp in self._files)

    def _load(self) -> None:
        died = self._process is not None and not self._process.is_alive
        if died and self._clock() < self._retry_at:
            self._let_go()
            self._error = "its process died again, and is started anew after a pause"
            return
        process, outcome = self._start()
        self._let_go()
        self._files = outcome.files
        self._error = outcome.error
        self._failures = self._failures + 1 if died or process is None else 0
        pause = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(self._failures, 10) / 2)
        self._retry_at = self._clock() + (pause if self._failures else 0.0)
        if process is not None and outcome.contents is not None:
            self._process, self._contents, self._loaded_at = process, outcome.contents, time.time()

    def _start(self) -> tuple[LocationProcess | None, LoadOutcome]:
        try:
            process = LocationProcess(self._target, self._instance_ref(), self._log)
        except LocationUnavailableError as error:
            return None, LoadOutcome(None, error.reason)
        outcome = process.wait_loaded(LOAD_TIMEOUT_SECONDS)
        if outcome.contents is None:
            process.close()
            return None, outcome
        return process, outcome

    def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def _check_alive(self, process: LocationProcess) -> None:
        if not process.is_alive:
            raise LocationUnavailableError(self.name, "its process died")

    def _no_answer(self, timeout_seconds: float) -> StepProcessError:
        return StepProcessError(
            f"code location {self.name!r} gave no answer: its code took longer than {timeout_seconds:g} s, or crashed"
        )
