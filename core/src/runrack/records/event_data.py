"""What a structured event carries, one record for each kind of payload."""

from collections.abc import Mapping

import msgspec

from runrack.records.asset import (
    AssetCheckEvaluation,
    AssetMaterialization,
    AssetObservation,
    check_partition,
)
from runrack.records.asset_key import AssetKey
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.metadata import MetadataEntry
from runrack.records.record import Record
from runrack.records.run import RunFailureReason


class RunEnqueuedData(Record, frozen=True, tag="run_enqueued"):
    """Where the code of a queued run lies, and which partition it is for."""

    code_location_name: str
    partition_key: str | None = None


class RunFailureData(Record, frozen=True, tag="run_failure"):
    """Why a run failed, with the error where there was one."""

    failure_reason: RunFailureReason = RunFailureReason.UNKNOWN
    error: SerializableErrorInfo | None = None
    first_step_failure: str | None = None


class RunCanceledData(Record, frozen=True, tag="run_canceled"):
    """The error that came with a cancellation, where there was one."""

    error: SerializableErrorInfo | None = None


class StepInputData(Record, frozen=True, tag="step_input"):
    """An input that a step received."""

    input_name: str
    type_name: str | None = None


class StepOutputData(Record, frozen=True, tag="step_output"):
    """An output that a step gave. The value itself is not stored here."""

    output_name: str = "result"
    mapping_key: str | None = None
    type_name: str | None = None
    metadata: Mapping[str, MetadataEntry] = msgspec.field(default_factory=dict)


class StepSuccessData(Record, frozen=True, tag="step_success"):
    """How long a step took, in milliseconds."""

    duration_ms: float


class StepFailureData(Record, frozen=True, tag="step_failure"):
    """Why a step failed.

    Attributes:
        error: The exception; for user code, wrapped once, with the user's own as its cause.
        description: What the user said by raising `Failure`.
        metadata: What the user gave with `Failure`.
    """

    error: SerializableErrorInfo
    description: str | None = None
    metadata: Mapping[str, MetadataEntry] = msgspec.field(default_factory=dict)


class StepRetryData(Record, frozen=True, tag="step_retry"):
    """Why a step is tried again, and after how many seconds."""

    error: SerializableErrorInfo
    seconds_to_wait: float = 0.0


class StepExpectationResultData(Record, frozen=True, tag="step_expectation_result"):
    """Whether what a step expected of its data came true."""

    success: bool
    label: str | None = None
    description: str | None = None
    metadata: Mapping[str, MetadataEntry] = msgspec.field(default_factory=dict)


class StepMaterializationData(Record, frozen=True, tag="step_materialization"):
    """The materialization that a step, or something outside of any run, reported."""

    materialization: AssetMaterialization


class AssetObservationData(Record, frozen=True, tag="asset_observation"):
    """The observation that a step, or something outside of any run, reported."""

    asset_observation: AssetObservation


class AssetCheckEvaluationData(Record, frozen=True, tag="asset_check_evaluation"):
    """The verdict of a check."""

    asset_check_evaluation: AssetCheckEvaluation


class AssetMaterializationPlannedData(Record, frozen=True, tag="asset_materialization_planned"):
    """An asset that a run is going to write."""

    asset_key: AssetKey
    partition: str | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "partition", check_partition(self.partition))


class AssetWipedData(Record, frozen=True, tag="asset_wiped"):
    """An asset whose history was wiped; only some partitions when they are named."""

    asset_key: AssetKey
    partition_keys: tuple[str, ...] | None = None


class HandledOutputData(Record, frozen=True, tag="handled_output"):
    """An output that was handed to its IO manager."""

    output_name: str
    manager_key: str
    metadata: Mapping[str, MetadataEntry] = msgspec.field(default_factory=dict)


class LoadedInputData(Record, frozen=True, tag="loaded_input"):
    """An input that was loaded by an IO manager."""

    input_name: str
    manager_key: str
    upstream_output_name: str | None = None
    upstream_step_key: str | None = None


class HookErroredData(Record, frozen=True, tag="hook_errored"):
    """The error of a job's hook."""

    error: SerializableErrorInfo


class ComputeLogsCaptureData(Record, frozen=True, tag="compute_logs_capture"):
    """Where stdout and stderr of some steps are being written.

    Attributes:
        log_key: The key to ask the compute log manager with.
        step_keys: The steps whose output goes there.
    """

    log_key: tuple[str, ...]
    step_keys: tuple[str, ...] = ()


class EngineEventData(Record, frozen=True, tag="engine_event"):
    """What the framework did or met: also the payload of resource events."""

    metadata: Mapping[str, MetadataEntry] = msgspec.field(default_factory=dict)
    error: SerializableErrorInfo | None = None
    marker_start: str | None = None
    marker_end: str | None = None


EventSpecificData = (
    RunEnqueuedData
    | RunFailureData
    | RunCanceledData
    | StepInputData
    | StepOutputData
    | StepSuccessData
    | StepFailureData
    | StepRetryData
    | StepExpectationResultData
    | StepMaterializationData
    | AssetObservationData
    | AssetCheckEvaluationData
    | AssetMaterializationPlannedData
    | AssetWipedData
    | HandledOutputData
    | LoadedInputData
    | HookErroredData
    | ComputeLogsCaptureData
    | EngineEventData
)
