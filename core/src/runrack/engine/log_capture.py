"""Capture of what a step writes to stdout and stderr, with its own failures kept away from the step."""

from __future__ import annotations

from contextlib import AbstractContextManager

from runrack.engine.event_writer import EventWriter
from runrack.interfaces.compute_log_manager import CapturedLogContext, ComputeLogManager
from runrack.interfaces.part import InstanceServices
from runrack.records.error_info import error_info_from_exception
from runrack.records.event import Event
from runrack.records.event_data import ComputeLogsCaptureData, EngineEventData
from runrack.records.event_type import EventType


class StepLogCapture:
    """Captures what one step writes.

    A capture that cannot begin or end is told in an event; it never fails the step.
    """

    def __init__(
        self,
        instance: InstanceServices,
        writer: EventWriter,
        run_id: str,
        step_key: str,
        retry_number: int = 0,
    ) -> None:
        self._instance = instance
        self._writer = writer
        self._run_id = run_id
        self._step_key = step_key
        self._retry_number = retry_number
        self._capture: AbstractContextManager[CapturedLogContext] | None = None

    def begin(self) -> Event:
        """Begin capturing and return the event that says where to, or why not."""
        try:
            manager: ComputeLogManager = self._instance.compute_log_manager
            log_key = manager.build_log_key_for_run(self._run_id, self._step_key, self._retry_number)
            capture = manager.capture_logs(log_key)
            capture.__enter__()
        except Exception as error:  # noqa: BLE001 - a step runs without its log rather than not at all
            return self._failure("could not be captured", error)
        self._capture = capture
        data = ComputeLogsCaptureData(tuple(log_key), (self._step_key,))
        message = f"What step {self._step_key!r} writes is captured."
        return self._writer.make_event(EventType.LOGS_CAPTURED, self._step_key, message, data)

    def end(self) -> Event | None:
        """End capturing and return the event that says what went wrong, if anything did. Harmless when repeated."""
        capture, self._capture = self._capture, None
        try:
            if capture is not None:
                capture.__exit__(None, None, None)
        except Exception as error:  # noqa: BLE001 - as in `begin`
            return self._failure("was not captured to its end", error)
        return None

    def _failure(self, what: str, error: Exception) -> Event:
        return self._writer.make_event(
            EventType.ENGINE_EVENT,
            self._step_key,
            f"What step {self._step_key!r} writes {what}.",
            EngineEventData(error=error_info_from_exception(error)),
        )
