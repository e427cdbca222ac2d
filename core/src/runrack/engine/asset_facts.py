"""What a run says about the assets that it makes: which it is going to make, and what it made them from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from runrack.definitions.asset import AssetOut
from runrack.definitions.output import Out
from runrack.engine.event_writer import EventWriter
from runrack.engine.plan import JobPlan
from runrack.engine.step_context import StepContext
from runrack.records.asset import AssetMaterialization
from runrack.records.asset_key import AssetKey
from runrack.records.event import Event
from runrack.records.event_data import AssetMaterializationPlannedData
from runrack.records.event_type import EventType
from runrack.records.metadata import MetadataEntry
from runrack.records.run import Run
from runrack.records.tags import CODE_VERSION, DATA_VERSION, INPUT_DATA_VERSION_PREFIX, PARTITION

UNKNOWN_VERSION = "unknown"
"""The data version of an asset of which nothing is stored."""


def partition_of(run: Run, declared: Out) -> str | None:
    """Return the partition that a run makes or needs of an output; None for what has no partitions."""
    if not isinstance(declared, AssetOut) or declared.partitions_def is None:
        return None
    return run.tags.get(PARTITION)


def planned_materializations(plan: JobPlan, run: Run, writer: EventWriter) -> Iterator[Event]:
    """Yield an event for each asset that a run is going to make."""
    for step in plan.steps:
        for declared in step.node.definition.outs.values():
            if isinstance(declared, AssetOut):
                message = f"The run is going to make asset {declared.asset_key.to_user_string()}."
                data = AssetMaterializationPlannedData(declared.asset_key, partition_of(run, declared))
                yield writer.make_event(EventType.ASSET_MATERIALIZATION_PLANNED, step.key, message, data)


def materialization(
    step: StepContext, declared: AssetOut, metadata: Mapping[str, MetadataEntry]
) -> AssetMaterialization:
    """Return what there is to say about an asset that a step has made.

    Its data version follows from the code version and from the data versions of what it was made from; without a code
    version, every run makes new data.
    """
    inputs = {key: _data_version(step, key) for key in declared.upstream_keys}
    version = _digest(declared.code_version or step.run.run_id, inputs)
    partition = partition_of(step.run, declared)
    step.run_context.data_versions[declared.asset_key] = version
    code_version = {} if declared.code_version is None else {CODE_VERSION: declared.code_version}
    tags = {
        DATA_VERSION: version,
        **code_version,
        **{INPUT_DATA_VERSION_PREFIX + key.to_user_string(): value for key, value in inputs.items()},
    }
    return AssetMaterialization(declared.asset_key, None, metadata, partition, tags)


def _data_version(step: StepContext, key: AssetKey) -> str:
    known = step.run_context.data_versions
    if key not in known:
        record = step.instance.get_latest_data_version_record(key)
        tags = {} if record is None else record.event_log_entry.tags
        known[key] = tags.get(DATA_VERSION, UNKNOWN_VERSION)
    return known[key]


def _digest(code_version: str, inputs: Mapping[AssetKey, str]) -> str:
    parts = [code_version, *(f"{key.to_string()}={inputs[key]}" for key in sorted(inputs, key=str))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
