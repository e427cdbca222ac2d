"""AssetDefinition: something that is kept and how it is made; `asset` makes one from a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

from runrack.definitions.op import OpDefinition
from runrack.definitions.op_signature import CONTEXT_NAMES, read_signature
from runrack.definitions.output import DEFAULT_OUTPUT, In, Nothing, Out
from runrack.definitions.partitions import PartitionsDefinition
from runrack.definitions.retry_policy import RetryPolicy
from runrack.errors import InvalidDefinitionError
from runrack.interfaces.io_manager import DEFAULT_IO_MANAGER_KEY
from runrack.records.asset_key import AssetKey, CoercibleToAssetKey

AssetFunction = Callable[..., Any]


@dataclass(frozen=True)
class AssetOut(Out):
    """An output that is an asset. Further attributes as in `Out`.

    Attributes:
        asset_key: Which asset.
        upstream_keys: The assets that it is made from.
        partitions_def: Which partitions it has; None for an asset without.
        code_version: Changes with the code that makes it, so that one can see what was made by older code.
    """

    asset_key: AssetKey = field(kw_only=True)
    upstream_keys: tuple[AssetKey, ...] = ()
    partitions_def: PartitionsDefinition | None = None
    code_version: str | None = None


@dataclass(frozen=True, eq=False)
class AssetDefinition:
    """Something that is kept, and how it is made.

    Attributes:
        key: Which asset.
        op: Makes it.
        inputs: The inputs of the op that other assets feed, with the keys of those.
        deps: Further assets that have to be made before it, with the names of the inputs that wait for them.
        out: The output of the op that it is.
        group_name: For people, who look at a group of assets at a time.
        metadata: For people: label to value.
    """

    key: AssetKey
    op: OpDefinition
    inputs: Mapping[str, AssetKey]
    deps: Mapping[str, AssetKey]
    out: AssetOut
    group_name: str
    metadata: Mapping[str, Any]

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """Which partitions it has; None for an asset without."""
        return self.out.partitions_def

    @property
    def upstream_keys(self) -> tuple[AssetKey, ...]:
        """The assets that it is made from."""
        return self.out.upstream_keys

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function directly, as a test does: with a context from `build_op_context` if it takes one."""
        return self.op(*args, **kwargs)


@overload
def asset(name: AssetFunction) -> AssetDefinition: ...
@overload
def asset(
    name: str | None = None,
    *,
    key_prefix: str | Sequence[str] | None = None,
    ins: Mapping[str, CoercibleToAssetKey] | None = None,
    deps: Iterable[CoercibleToAssetKey | AssetDefinition] | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    group_name: str = "default",
    code_version: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    io_manager_key: str = DEFAULT_IO_MANAGER_KEY,
    retry_policy: RetryPolicy | None = None,
    tags: Mapping[str, str] | None = None,
    pool: str | None = None,
) -> Callable[[AssetFunction], AssetDefinition]: ...
def asset(
    name: str | AssetFunction | None = None,
    *,
    key_prefix: str | Sequence[str] | None = None,
    ins: Mapping[str, CoercibleToAssetKey] | None = None,
    deps: Iterable[CoercibleToAssetKey | AssetDefinition] | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    group_name: str = "default",
    code_version: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    io_manager_key: str = DEFAULT_IO_MANAGER_KEY,
    retry_policy: RetryPolicy | None = None,
    tags: Mapping[str, str] | None = None,
    pool: str | None = None,
) -> AssetDefinition | Callable[[AssetFunction], AssetDefinition]:
    """Return an asset for the decorated function, which returns its value; usable bare and with arguments.

    Each parameter but the context is the value of another asset: of the one with the parameter's name, unless `ins` names
    another key. Assets become jobs by `define_asset_job`.

    Args:
        name: The last part of its key; the function's name when left out.
        key_prefix: The parts of the key before.
        ins: Parameter to the key of the asset whose value it gets; in a text, a slash separates the parts.
        deps: Assets that have to be made before it, and whose values it does not get.
        description: For people; the function's docstring when left out.
        metadata: For people: label to value.
        group_name: For people, who look at a group of assets at a time.
        code_version: Changes with the code, so that one can see what was made by older code.
        partitions_def: Which partitions it has. A run makes one of them: `context.partition_key`.
        config_schema: What it accepts under `ops.<name>.config`; anything when left out.
        required_resource_keys: The resources that it uses.
        io_manager_key: The resource that keeps its value. A function that is annotated to return None has none to keep.
        retry_policy: How often it is tried again when it fails.
        tags: Labels of its steps.
        pool: Of what its steps share the slots, as for an op.

    Raises:
        InvalidDefinitionError: The function or an argument does not fit.
    """

    def define(function: AssetFunction) -> AssetDefinition:
        chosen = name if isinstance(name, str) else function.__name__
        key = AssetKey(chosen) if key_prefix is None else AssetKey(chosen).with_prefix(key_prefix)
        fed = _fed_inputs(chosen, function, ins or {})
        waits = {_input_name(dep): dep for dep in map(_key_of, deps or ())}
        out = _output(chosen, function, io_manager_key, key, (*fed.values(), *waits.values()))
        made = replace(out, partitions_def=partitions_def, code_version=code_version)
        definition = OpDefinition(
            function,
            "__".join(_identifier(part) for part in key.path),
            description,
            {input_name: In(Nothing) for input_name in waits},
            made,
            config_schema,
            required_resource_keys,
            tags,
            retry_policy,
            pool,
        )
        return AssetDefinition(key, definition, fed, waits, made, group_name, dict(metadata or {}))

    return define if name is None or isinstance(name, str) else define(name)


def _fed_inputs(
    name: str, function: AssetFunction, ins: Mapping[str, CoercibleToAssetKey]
) -> dict[str, AssetKey]:
    parameters = list(inspect.signature(function).parameters)
    names = parameters[1:] if parameters and parameters[0] in CONTEXT_NAMES else parameters
    unknown = sorted(set(ins) - set(names))
    if unknown:
        raise InvalidDefinitionError(
            f"asset {name!r}: ins has {unknown[0]!r}, but the function has no parameter of this name"
        )
    return {parameter: _key_of(ins.get(parameter, parameter)) for parameter in names}


def _key_of(dep: CoercibleToAssetKey | AssetDefinition) -> AssetKey:
    if isinstance(dep, AssetDefinition):
        return dep.key
    return AssetKey.from_user_string(dep) if isinstance(dep, str) else AssetKey.from_coercible(dep)


def _input_name(key: AssetKey) -> str:
    return "after_" + "__".join(_identifier(part) for part in key.path)


def _identifier(part: str) -> str:
    """Return a part of a key as it may stand in the name of an op."""
    return "".join(
        character if character.isidentifier() or character.isdigit() else "_" for character in part
    )


def _output(
    name: str,
    function: AssetFunction,
    io_manager_key: str,
    key: AssetKey,
    upstream_keys: tuple[AssetKey, ...],
) -> AssetOut:
    declared = read_signature(name, function).outs[DEFAULT_OUTPUT].type
    value_type = Nothing if declared is type(None) or declared is None else declared
    return AssetOut(value_type, io_manager_key=io_manager_key, asset_key=key, upstream_keys=upstream_keys)
