"""Records for tests: small ones by default, any field to be given by name."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from runrack.records.asset import AssetCheckEvaluation, AssetMaterialization, AssetObservation
from runrack.records.asset_key import AssetKey
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.event import Event, EventLogEntry
from runrack.records.event_data import (
    AssetCheckEvaluationData,
    AssetMaterializationPlannedData,
    AssetObservationData,
    AssetWipedData,
    ComputeLogsCaptureData,
    EventSpecificData,
    HandledOutputData,
    HookErroredData,
    LoadedInputData,
    StepExpectationResultData,
    StepFailureData,
    StepInputData,
    StepMaterializationData,
    StepOutputData,
    StepRetryData,
    StepSuccessData,
)
from runrack.records.event_type import EventType
from runrack.records.heartbeat import DaemonHeartbeat
from runrack.records.run import RemoteJobOrigin, Run
from runrack.records.snapshot import JobSnapshot, OpSnapshot
from runrack.records.tick import (
    InstigatorOrigin,
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)

NOW = 1_700_000_000.0
"""A fixed moment, in seconds since 1970; an event built without a time happened then."""

ERROR = SerializableErrorInfo("ValueError: no\n", ('  File "x.py", line 1\n',), "ValueError")

_KEY = AssetKey("asset")

SMALLEST_DATA: Mapping[EventType, EventSpecificData] = {
    EventType.STEP_OUTPUT: StepOutputData(),
    EventType.STEP_INPUT: StepInputData("x"),
    EventType.STEP_SUCCESS: StepSuccessData(1.5),
    EventType.STEP_FAILURE: StepFailureData(ERROR),
    EventType.STEP_UP_FOR_RETRY: StepRetryData(ERROR, 0.5),
    EventType.STEP_EXPECTATION_RESULT: StepExpectationResultData(success=True),
    EventType.ASSET_MATERIALIZATION: StepMaterializationData(AssetMaterialization(_KEY)),
    EventType.ASSET_OBSERVATION: AssetObservationData(AssetObservation(_KEY)),
    EventType.ASSET_CHECK_EVALUATION: AssetCheckEvaluationData(
        AssetCheckEvaluation(_KEY, "check", passed=True)
    ),
    EventType.ASSET_MATERIALIZATION_PLANNED: AssetMaterializationPlannedData(_KEY),
    EventType.ASSET_WIPED: AssetWipedData(_KEY),
    EventType.HANDLED_OUTPUT: HandledOutputData("result", "io_manager"),
    EventType.LOADED_INPUT: LoadedInputData("x", "io_manager"),
    EventType.HOOK_ERRORED: HookErroredData(ERROR),
    EventType.LOGS_CAPTURED: ComputeLogsCaptureData(("run", "step")),
}
"""A payload for each type of event that must carry one."""


def moment(seconds: float = 0) -> datetime:
    """Return the moment `seconds` after `NOW`, aware and in UTC."""
    return datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=seconds)


def make_run(run_id: str | None = None, **fields: Any) -> Run:
    """Return a run of the job `job`; it has an origin, so that it may be queued."""
    if run_id is not None:
        fields["run_id"] = run_id
    return Run(**{"job_name": "job", "remote_job_origin": RemoteJobOrigin("location", "job"), **fields})


def make_event(
    event_type: EventType,
    data: EventSpecificData | None = None,
    *,
    job_name: str = "job",
    step_key: str | None = None,
    message: str | None = None,
) -> Event:
    """Return an event; where its type needs a payload and none is given, it carries the smallest one."""
    payload = SMALLEST_DATA.get(event_type) if data is None else data
    return Event(event_type, job_name, step_key, message, payload)


def make_entry(
    event: Event | EventType | str = "message", run_id: str = "run", timestamp: float = NOW, **fields: Any
) -> EventLogEntry:
    """Return a log entry that holds an event, the smallest event of a type, or a plain message."""
    text = event if isinstance(event, str) and not isinstance(event, EventType) else ""
    held = make_event(event) if isinstance(event, EventType) else event
    if isinstance(held, Event):
        fields = {"step_key": held.step_key, "job_name": held.job_name, "event": held, **fields}
    return EventLogEntry(
        **{
            "error_info": None,
            "level": logging.INFO,
            "user_message": text,
            "run_id": run_id,
            "timestamp": timestamp,
            "job_name": "job",
            **fields,
        }
    )


def make_materialization(
    asset: str | list[str] = "asset",
    partition: str | None = None,
    run_id: str = "run",
    timestamp: float = NOW,
    **fact: Any,
) -> EventLogEntry:
    """Return an entry that says that an asset was written."""
    data = StepMaterializationData(AssetMaterialization(AssetKey(asset), partition=partition, **fact))
    return make_entry(make_event(EventType.ASSET_MATERIALIZATION, data), run_id, timestamp)


def make_observation(
    asset: str | list[str] = "asset",
    partition: str | None = None,
    run_id: str = "run",
    timestamp: float = NOW,
    **fact: Any,
) -> EventLogEntry:
    """Return an entry that says something about an asset."""
    data = AssetObservationData(AssetObservation(AssetKey(asset), partition=partition, **fact))
    return make_entry(make_event(EventType.ASSET_OBSERVATION, data), run_id, timestamp)


def make_plan(
    asset: str | list[str] = "asset",
    partition: str | None = None,
    run_id: str = "run",
    timestamp: float = NOW,
) -> EventLogEntry:
    """Return an entry that says that a run is going to write an asset."""
    data = AssetMaterializationPlannedData(AssetKey(asset), partition)
    return make_entry(make_event(EventType.ASSET_MATERIALIZATION_PLANNED, data), run_id, timestamp)


def make_job_snapshot(name: str = "job", *op_names: str) -> JobSnapshot:
    """Return the snapshot of a job with ops of these names."""
    return JobSnapshot(name, ops=tuple(OpSnapshot(op_name, op_name) for op_name in op_names))


def make_heartbeat(daemon_type: str = "QUEUE", timestamp: float = NOW, **fields: Any) -> DaemonHeartbeat:
    """Return a sign of life of the daemon `daemon`."""
    return DaemonHeartbeat(timestamp, daemon_type, **{"daemon_id": "daemon", **fields})


def make_schedule_state(
    name: str = "schedule",
    status: InstigatorStatus = InstigatorStatus.RUNNING,
    location: str = "location",
    **fields: Any,
) -> InstigatorState:
    """Return the state of a schedule that fires every hour."""
    data = ScheduleInstigatorData("0 * * * *")
    return InstigatorState(
        InstigatorOrigin(location, name),
        InstigatorType.SCHEDULE,
        status,
        **{"instigator_data": data, **fields},
    )


def make_sensor_state(
    name: str = "sensor", status: InstigatorStatus = InstigatorStatus.RUNNING, location: str = "location"
) -> InstigatorState:
    """Return the state of a sensor with a bookmark."""
    data = SensorInstigatorData(cursor="bookmark")
    return InstigatorState(InstigatorOrigin(location, name), InstigatorType.SENSOR, status, data)


def make_tick(
    name: str = "schedule", timestamp: float = NOW, status: TickStatus = TickStatus.STARTED, **fields: Any
) -> TickData:
    """Return a tick of the schedule `name` in the location `location`; a failed one carries an error."""
    origin = InstigatorOrigin("location", name)
    return TickData(
        **{
            "instigator_origin_id": origin.origin_id,
            "instigator_name": name,
            "instigator_type": InstigatorType.SCHEDULE,
            "status": status,
            "timestamp": timestamp,
            "selector_id": origin.selector_id,
            "error": ERROR if status is TickStatus.FAILURE else None,
            **fields,
        }
    )
