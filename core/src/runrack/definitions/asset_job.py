"""Jobs that make assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runrack.definitions.asset import AssetDefinition
from runrack.definitions.composition import OpNode
from runrack.definitions.invoked_output import InputSource, InvokedOutput, StoredAsset
from runrack.definitions.job import JobDefinition
from runrack.definitions.job_result import ExecuteInProcessResult
from runrack.definitions.output import DEFAULT_OUTPUT, Nothing
from runrack.definitions.partitions import PartitionsDefinition
from runrack.definitions.selection import Selection, select
from runrack.errors import InvalidDefinitionError, with_article
from runrack.interfaces.part import InstanceServices
from runrack.records.asset_key import AssetKey


def define_asset_job(
    name: str,
    assets: Sequence[AssetDefinition],
    selection: Selection | Iterable[AssetDefinition] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    **arguments: Any,
) -> JobDefinition:
    """Return a job that makes assets, each after those that it is made from.

    The value of an asset that is not selected is loaded from what was kept when it was made.

    Args:
        name: What users call the job.
        assets: The assets, with all whose values they get.
        selection: Which of them to make, by key (`a/b`) as `runrack.definitions.selection` says, or assets; all by default.
        partitions_def: Which partitions the job has; that of its assets when left out.
        arguments: The further arguments of `job`: `config`, `resource_defs`, `tags` and so on.

    Raises:
        InvalidDefinitionError: Two assets have one key, need each other in a circle, get values of assets that are not
            given, or do not have the partitions of the job; or an argument does not fit.
        InvalidArgumentError: The selection cannot be read or names an asset that is not given.
    """
    by_key = _by_key(name, assets)
    chosen = set(_selected(by_key, selection))
    ordered = [each for each in _in_order(name, by_key) if each.key in chosen]
    partitions = _partitions_of(name, ordered, partitions_def)
    nodes = {each.op.name: _node(name, each, by_key, chosen) for each in ordered}
    return JobDefinition(name, nodes, partitions_def=partitions, **arguments)


def materialize(
    assets: Sequence[AssetDefinition],
    selection: Selection | Iterable[AssetDefinition] | None = None,
    instance: InstanceServices | None = None,
    partition_key: str | None = None,
    run_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    raise_on_error: bool = True,
) -> ExecuteInProcessResult:
    """Make assets in this process and return what came of it.

    Args:
        assets: The assets, with all whose values they get.
        selection: Which of them to make, as of `define_asset_job`.
        instance: Where the run is stored; an ephemeral one, gone afterwards, when left out.
        partition_key: Which partition to make, of assets that have partitions.
        run_config: The run configuration.
        resources: Resources by the keys that assets require.
        tags: Labels of the run.
        raise_on_error: Raise the exception that ended the run in failure.

    Raises:
        InvalidDefinitionError: The assets do not make a job: see `define_asset_job`.
        ConfigError: The run configuration does not fit.
        Exception: What an asset or a resource raised, with `raise_on_error`.
    """
    made = define_asset_job("materialize", assets, selection, resource_defs=resources)
    return made.execute_in_process(
        run_config, instance, tags, raise_on_error=raise_on_error, partition_key=partition_key
    )


def _by_key(job_name: str, assets: Sequence[AssetDefinition]) -> dict[AssetKey, AssetDefinition]:
    by_key: dict[AssetKey, AssetDefinition] = {}
    for each in assets:
        if not isinstance(each, AssetDefinition):
            raise InvalidDefinitionError(
                f"job {job_name!r}: assets holds {with_article(type(each).__name__)}: decorate a function with @asset"
            )
        if by_key.setdefault(each.key, each) is not each:
            raise InvalidDefinitionError(
                f"job {job_name!r}: two assets have the key {each.key.to_user_string()!r}"
            )
    return by_key


def _selected(
    by_key: Mapping[AssetKey, AssetDefinition], selection: Selection | Iterable[AssetDefinition] | None
) -> list[AssetKey]:
    if selection is None:
        return list(by_key)
    texts = (
        selection
        if isinstance(selection, str)
        else [each.key.to_user_string() if isinstance(each, AssetDefinition) else each for each in selection]
    )
    upstream = {
        each.key.to_user_string(): [key.to_user_string() for key in each.upstream_keys if key in by_key]
        for each in by_key.values()
    }
    return [AssetKey.from_user_string(text) for text in select(upstream, texts, "asset")]


def _in_order(job_name: str, by_key: Mapping[AssetKey, AssetDefinition]) -> list[AssetDefinition]:
    """Return the assets, each after those that it is made from; otherwise as they were given."""
    ordered: dict[AssetKey, AssetDefinition] = {}
    open_keys: dict[AssetKey, None] = {}
    stack: list[AssetKey] = list(by_key)[::-1]
    while stack:
        key = stack[-1]
        missing = [
            needed for needed in by_key[key].upstream_keys if needed in by_key and needed not in ordered
        ]
        if key in ordered or not missing:
            ordered.setdefault(key, by_key[key])
            open_keys.pop(key, None)
            stack.pop()
            continue
        open_keys[key] = None
        circle = next((needed for needed in missing if needed in open_keys), None)
        if circle is not None:
            raise InvalidDefinitionError(
                f"job {job_name!r}: asset {circle.to_user_string()!r} is made from itself, through"
                f" {key.to_user_string()!r}"
            )
        stack.extend(reversed(missing))
    return list(ordered.values())


def _partitions_of(
    job_name: str, assets: Sequence[AssetDefinition], given: PartitionsDefinition | None
) -> PartitionsDefinition | None:
    """Return the partitions of the job: those that all its assets with partitions have."""
    found = given
    for each in assets:
        if each.partitions_def is None:
            continue
        if found is not None and each.partitions_def is not found and each.partitions_def != found:
            raise InvalidDefinitionError(
                f"job {job_name!r}: asset {each.key.to_user_string()!r} has other partitions than the job: a run makes one"
                " partition, so select assets with the same partitions"
            )
        found = each.partitions_def
    return found


def _node(
    job_name: str,
    made: AssetDefinition,
    by_key: Mapping[AssetKey, AssetDefinition],
    chosen: set[AssetKey],
) -> OpNode:
    sources: dict[str, InputSource] = {}
    for name, key in made.inputs.items():
        if key not in by_key:
            raise InvalidDefinitionError(
                f"job {job_name!r}: asset {made.key.to_user_string()!r} gets the value of asset {key.to_user_string()!r},"
                " which is not among the assets: add it; what is not selected is not made"
            )
        upstream = by_key[key]
        if upstream.out.type is Nothing:
            raise InvalidDefinitionError(
                f"job {job_name!r}: asset {made.key.to_user_string()!r} gets the value of asset {key.to_user_string()!r},"
                " whose function is annotated to return None: name that asset in deps"
            )
        if upstream.partitions_def is not None and made.partitions_def is None:
            raise InvalidDefinitionError(
                f"job {job_name!r}: asset {made.key.to_user_string()!r} has no partitions and gets the value of"
                f" {key.to_user_string()!r}, which has: name that one in deps, and load what is needed"
            )
        output = InvokedOutput(upstream.op.name, DEFAULT_OUTPUT)
        sources[name] = output if key in chosen else StoredAsset(upstream.out)
    for name, key in made.deps.items():
        if key in chosen:
            sources[name] = InvokedOutput(by_key[key].op.name, DEFAULT_OUTPUT)
    return OpNode(made.op.name, made.op, sources)
