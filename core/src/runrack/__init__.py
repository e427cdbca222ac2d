"""runrack: a job-orchestration kernel whose every working part is a plugin.

The names below are imported when they are first used, so that `import runrack` costs next to nothing.
"""

TYPE_CHECKING = False  # as in `typing`, whose import alone would cost more than this package
if TYPE_CHECKING:
    from typing import Any

    from runrack.config.vocabulary import Field
    from runrack.definitions.asset import AssetDefinition, asset
    from runrack.definitions.asset_job import define_asset_job, materialize
    from runrack.definitions.config_mapping import ConfigMapping
    from runrack.definitions.definitions import Definitions
    from runrack.definitions.error_boundary import user_code_error_boundary
    from runrack.definitions.executor import (
        ExecutorDefinition,
        ExecutorRequirement,
        InitExecutorContext,
        executor,
    )
    from runrack.definitions.graph import GraphDefinition, graph
    from runrack.definitions.hook import failure_hook, success_hook
    from runrack.definitions.job import JobDefinition, job
    from runrack.definitions.multi_partitions import MultiPartitionKey, MultiPartitionsDefinition
    from runrack.definitions.op import OpDefinition, op
    from runrack.definitions.output import (
        DynamicOut,
        DynamicOutput,
        ExpectationResult,
        Failure,
        In,
        Nothing,
        Out,
        Output,
    )
    from runrack.definitions.partitions import (
        DynamicPartitionsDefinition,
        PartitionsDefinition,
        StaticPartitionsDefinition,
    )
    from runrack.definitions.reconstructable import reconstructable
    from runrack.definitions.resource import InitResourceContext, ResourceDefinition, resource
    from runrack.definitions.retry_policy import Backoff, Jitter, RetryPolicy, RetryRequested
    from runrack.definitions.run_status_sensor import (
        RunStatusSensorContext,
        run_failure_sensor,
        run_status_sensor,
    )
    from runrack.definitions.schedule import (
        ScheduleDefinition,
        ScheduleEvaluationContext,
        build_schedule_from_partitioned_job,
        schedule,
    )
    from runrack.definitions.sensor import SensorDefinition, SensorEvaluationContext, sensor
    from runrack.definitions.time_window_partitions import (
        DailyPartitionsDefinition,
        HourlyPartitionsDefinition,
        MonthlyPartitionsDefinition,
        TimeWindowPartitionsDefinition,
        WeeklyPartitionsDefinition,
    )
    from runrack.engine.direct_context import build_op_context
    from runrack.engine.execution import execute_job
    from runrack.engine.op_context import OpExecutionContext
    from runrack.engine.reexecution import ReexecutionOptions
    from runrack.engine.step_hooks import HookContext
    from runrack.errors import ExecutionStepExecutionError, RunrackError, UserCodeExecutionError
    from runrack.hookspecs import hookimpl
    from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
    from runrack.instance.instance import Instance, InstanceType
    from runrack.instance.instance_ref import InstanceRef
    from runrack.interfaces.executor import Executor, RetryMode
    from runrack.interfaces.file_manager import FileHandle, FileManager
    from runrack.interfaces.io_manager import IOManager
    from runrack.records.asset import (
        AssetCheckEvaluation,
        AssetMaterialization,
        AssetObservation,
        AssetPartitionStatus,
    )
    from runrack.records.asset_key import AssetKey
    from runrack.records.cursor import RunShardedEventsCursor
    from runrack.records.event import Event, EventLogEntry, EventLogRecord
    from runrack.records.event_filter import EventRecordsFilter
    from runrack.records.event_type import EventType
    from runrack.records.metadata import MetadataValue
    from runrack.records.run import Run, RunRecord
    from runrack.records.run_request import RunRequest, SkipReason
    from runrack.records.run_status import RunStatus
    from runrack.records.runs_filter import RunsFilter
    from runrack.records.tick import InstigatorStatus

__version__ = "0.1.0"

_NAMES = {
    "definitions.asset": ("AssetDefinition", "asset"),
    "definitions.asset_job": ("define_asset_job", "materialize"),
    "definitions.config_mapping": ("ConfigMapping",),
    "definitions.graph": ("GraphDefinition", "graph"),
    "definitions.hook": ("failure_hook", "success_hook"),
    "definitions.retry_policy": ("Backoff", "Jitter", "RetryPolicy", "RetryRequested"),
    "engine.reexecution": ("ReexecutionOptions",),
    "engine.step_hooks": ("HookContext",),
    "config.vocabulary": ("Field",),
    "definitions.error_boundary": ("user_code_error_boundary",),
    "definitions.executor": ("ExecutorDefinition", "ExecutorRequirement", "InitExecutorContext", "executor"),
    "definitions.job": ("JobDefinition", "job"),
    "definitions.multi_partitions": ("MultiPartitionKey", "MultiPartitionsDefinition"),
    "definitions.op": ("OpDefinition", "op"),
    "definitions.output": (
        "DynamicOut",
        "DynamicOutput",
        "ExpectationResult",
        "Failure",
        "In",
        "Nothing",
        "Out",
        "Output",
    ),
    "definitions.partitions": (
        "DynamicPartitionsDefinition",
        "PartitionsDefinition",
        "StaticPartitionsDefinition",
    ),
    "definitions.reconstructable": ("reconstructable",),
    "definitions.resource": ("InitResourceContext", "ResourceDefinition", "resource"),
    "definitions.time_window_partitions": (
        "DailyPartitionsDefinition",
        "HourlyPartitionsDefinition",
        "MonthlyPartitionsDefinition",
        "TimeWindowPartitionsDefinition",
        "WeeklyPartitionsDefinition",
    ),
    "engine.direct_context": ("build_op_context",),
    "engine.execution": ("execute_job",),
    "engine.op_context": ("OpExecutionContext",),
    "errors": ("ExecutionStepExecutionError", "RunrackError", "UserCodeExecutionError"),
    "hookspecs": ("hookimpl",),
    "host.configurable": ("ConfigurableClass", "ConfigurableClassData"),
    "instance.instance": ("Instance", "InstanceType"),
    "instance.instance_ref": ("InstanceRef",),
    "interfaces.executor": ("Executor", "RetryMode"),
    "interfaces.file_manager": ("FileHandle", "FileManager"),
    "interfaces.io_manager": ("IOManager",),
    "records.asset": (
        "AssetCheckEvaluation",
        "AssetMaterialization",
        "AssetObservation",
        "AssetPartitionStatus",
    ),
    "records.asset_key": ("AssetKey",),
    "records.cursor": ("RunShardedEventsCursor",),
    "records.event": ("Event", "EventLogEntry", "EventLogRecord"),
    "records.event_filter": ("EventRecordsFilter",),
    "records.event_type": ("EventType",),
    "records.metadata": ("MetadataValue",),
    "records.run": ("Run", "RunRecord"),
    "records.run_status": ("RunStatus",),
    "records.runs_filter": ("RunsFilter",),
    "definitions.definitions": ("Definitions",),
    "definitions.run_status_sensor": ("RunStatusSensorContext", "run_failure_sensor", "run_status_sensor"),
    "definitions.schedule": (
        "ScheduleDefinition",
        "ScheduleEvaluationContext",
        "build_schedule_from_partitioned_job",
        "schedule",
    ),
    "definitions.sensor": ("SensorDefinition", "SensorEvaluationContext", "sensor"),
    "records.run_request": ("RunRequest", "SkipReason"),
    "records.tick": ("InstigatorStatus",),
}
_MODULE_OF = {name: f"runrack.{module}" for module, names in _NAMES.items() for name in names}

__all__ = [
    "AssetCheckEvaluation",
    "AssetDefinition",
    "AssetKey",
    "AssetMaterialization",
    "AssetObservation",
    "AssetPartitionStatus",
    "Backoff",
    "ConfigMapping",
    "ConfigurableClass",
    "ConfigurableClassData",
    "DailyPartitionsDefinition",
    "Definitions",
    "DynamicOut",
    "DynamicOutput",
    "DynamicPartitionsDefinition",
    "Event",
    "EventLogEntry",
    "EventLogRecord",
    "EventRecordsFilter",
    "EventType",
    "ExecutionStepExecutionError",
    "Executor",
    "ExecutorDefinition",
    "ExecutorRequirement",
    "ExpectationResult",
    "Failure",
    "Field",
    "FileHandle",
    "FileManager",
    "GraphDefinition",
    "HookContext",
    "HourlyPartitionsDefinition",
    "IOManager",
    "In",
    "InitExecutorContext",
    "InitResourceContext",
    "Instance",
    "InstanceRef",
    "InstanceType",
    "InstigatorStatus",
    "Jitter",
    "JobDefinition",
    "MetadataValue",
    "MonthlyPartitionsDefinition",
    "MultiPartitionKey",
    "MultiPartitionsDefinition",
    "Nothing",
    "OpDefinition",
    "OpExecutionContext",
    "Out",
    "Output",
    "PartitionsDefinition",
    "ReexecutionOptions",
    "ResourceDefinition",
    "RetryMode",
    "RetryPolicy",
    "RetryRequested",
    "Run",
    "RunRecord",
    "RunRequest",
    "RunShardedEventsCursor",
    "RunStatus",
    "RunStatusSensorContext",
    "RunrackError",
    "RunsFilter",
    "ScheduleDefinition",
    "ScheduleEvaluationContext",
    "SensorDefinition",
    "SensorEvaluationContext",
    "SkipReason",
    "StaticPartitionsDefinition",
    "TimeWindowPartitionsDefinition",
    "UserCodeExecutionError",
    "WeeklyPartitionsDefinition",
    "__version__",
    "asset",
    "build_op_context",
    "build_schedule_from_partitioned_job",
    "define_asset_job",
    "execute_job",
    "executor",
    "failure_hook",
    "graph",
    "hookimpl",
    "job",
    "materialize",
    "op",
    "reconstructable",
    "resource",
    "run_failure_sensor",
    "run_status_sensor",
    "schedule",
    "sensor",
    "success_hook",
    "user_code_error_boundary",
]


def __getattr__(name: str) -> "Any":
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
