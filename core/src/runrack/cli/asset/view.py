"""An asset as the commands show it."""

from __future__ import annotations

from typing import Any

import msgspec

from runrack.cli.output.masking import masked
from runrack.cli.output.moment import iso
from runrack.instance.instance import Instance
from runrack.instance.partition_status import partition_status
from runrack.records.asset import AssetMaterialization, AssetPartitionStatus
from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import AssetEntry
from runrack.records.event_data import StepMaterializationData
from runrack.records.event_type import EventType


def asset_as_json(entry: AssetEntry) -> dict[str, Any]:
    """Return what programs read about an asset. Fields are only ever added."""
    written, observed = entry.last_materialization, entry.last_observation
    materialization = last_materialization(entry)
    return {
        "asset_key": list(entry.asset_key.path),
        "materialized_at": None if written is None else iso(written.timestamp),
        "run_id": None if written is None else written.run_id or None,
        "partition": None if materialization is None else materialization.partition,
        "description": None if materialization is None else materialization.description,
        "metadata": {} if materialization is None else metadata_values(materialization),
        "tags": {} if materialization is None else dict(materialization.tags),
        "observed_at": None if observed is None else iso(observed.timestamp),
    }


def last_materialization(entry: AssetEntry) -> AssetMaterialization | None:
    """Return what was said about the asset when it was last written; None when it never was."""
    written = entry.last_materialization
    payload = None if written is None else written.get_event().event_specific_data
    return payload.materialization if isinstance(payload, StepMaterializationData) else None


def metadata_values(materialization: AssetMaterialization) -> dict[str, Any]:
    """Return label to plain value; what looks like a secret is masked."""
    values = {label: msgspec.to_builtins(entry.value) for label, entry in materialization.metadata.items()}
    return {label: masked(value, label) for label, value in values.items()}


def known_partitions(instance: Instance, asset_key: AssetKey) -> dict[str, AssetPartitionStatus]:
    """Return each partition that was written or planned, in the order of the keys, with how it stands with it."""
    planned = instance.get_latest_storage_id_by_partition(asset_key, EventType.ASSET_MATERIALIZATION_PLANNED)
    keys = sorted(instance.get_materialized_partitions(asset_key) | set(planned))
    if not keys:
        return {}
    found = partition_status(instance.event_log_storage, instance.run_storage, asset_key, keys)
    return {key: found[key] for key in keys if key in found}
