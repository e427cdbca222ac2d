"""OpDefinition: one unit of work; `op` makes one from a function."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, overload, runtime_checkable

from runrack.definitions.composition import current_composition
from runrack.definitions.configured import ConfigContract
from runrack.definitions.hook import HookDefinition, check_hooks
from runrack.definitions.op_signature import read_signature
from runrack.definitions.output import In, Out, check_keys, check_name
from runrack.definitions.retry_policy import RetryPolicy, check_retry_policy
from runrack.errors import InvalidArgumentError, InvalidDefinitionError, InvalidInvocationError
from runrack.records.asset import check_tags
from runrack.records.tags import CONCURRENCY_KEY

OpFunction = Callable[..., Any]


@runtime_checkable
class DirectContext(Protocol):
    """A context for calling ops directly, as tests do."""

    def for_op(self, definition: OpDefinition) -> Any:
        """Return the context that the op's function gets, its configuration checked."""
        ...


class OpDefinition:
    """One unit of work: a function with inputs, outputs, a configuration and resources.

    - Called in the body of a job, it becomes part of the job, and what is returned stands for its outputs.
    - Called anywhere else, it calls its function directly: `my_op(build_op_context(…), 1)`.

    Args:
        function: The work. Its first parameter is the context when it is named so; the others are the inputs.
        name: Unique in a job; the function's name when left out.
        description: For people; the function's docstring when left out.
        ins: What is to be said about inputs beyond the function's parameters and annotations.
        out: The only output, or several by name; by default one, named `result`.
        config_schema: What it accepts under `ops.<name>.config`; anything when left out.
        required_resource_keys: The resources that it uses.
        tags: Labels of its steps.
        retry_policy: How often a step that failed is tried again; the job's when left out.
        pool: Of what its steps, those of all runs, share the slots: how many run at once. A pool without a limit limits
            nothing.

    Raises:
        InvalidDefinitionError: The function or an argument does not fit.
    """

    def __init__(
        self,
        function: OpFunction,
        name: str | None = None,
        description: str | None = None,
        ins: Mapping[str, In] | None = None,
        out: Out | Mapping[str, Out] | None = None,
        config_schema: Any = None,
        required_resource_keys: Iterable[str] | None = None,
        tags: Mapping[str, str] | None = None,
        retry_policy: RetryPolicy | None = None,
        pool: str | None = None,
    ) -> None:
        chosen = name if name is not None else getattr(function, "__name__", "op")
        self._name = check_name("an op", chosen)
        self._signature = read_signature(chosen, function, ins, out)
        self._function = function
        self._description = description if description is not None else inspect.getdoc(function)
        self._config_schema = config_schema
        self._contract = ConfigContract.from_schema(config_schema)
        self._required_resource_keys = check_keys(f"op {chosen!r}", required_resource_keys)
        self._tags = _with_pool(chosen, check_tags(tags), pool)
        self._retry_policy = check_retry_policy(f"op {chosen!r}", retry_policy)
        self._hooks: tuple[HookDefinition, ...] = ()
        self._alias: str | None = None
        functools.update_wrapper(self, function)

    @property
    def name(self) -> str:
        """The name of the definition."""
        return self._name

    @property
    def description(self) -> str | None:
        """For people."""
        return self._description

    @property
    def function(self) -> OpFunction:
        """The work."""
        return self._function

    @property
    def takes_context(self) -> bool:
        """Whether the function's first parameter is the context."""
        return self._signature.takes_context

    @property
    def ins(self) -> Mapping[str, In]:
        """The inputs by name, in the order of the function's parameters."""
        return self._signature.ins

    @property
    def outs(self) -> Mapping[str, Out]:
        """The outputs by name, in the order in which a returned tuple gives them."""
        return self._signature.outs

    @property
    def config_schema(self) -> Any:
        """The schema as it was given; None when any configuration is accepted."""
        return self._config_schema

    @property
    def config_contract(self) -> ConfigContract:
        """What is accepted under `ops.<name>.config`."""
        return self._contract

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """The resources that it uses."""
        return self._required_resource_keys

    @property
    def tags(self) -> Mapping[str, str]:
        """Labels of its steps."""
        return self._tags

    @property
    def pool(self) -> str | None:
        """The pool of which each of its steps holds a slot while it runs."""
        return self._tags.get(CONCURRENCY_KEY)

    @property
    def retry_policy(self) -> RetryPolicy | None:
        """How often a step that failed is tried again; None when the job says."""
        return self._retry_policy

    @property
    def hooks(self) -> tuple[HookDefinition, ...]:
        """What is called after its steps."""
        return self._hooks

    def alias(self, name: str) -> OpDefinition:
        """Return the op to be called under another name in the body of a job.

        Raises:
            InvalidDefinitionError: The name is no identifier.
        """
        return self._copy(_alias=check_name("an op", name))

    def configured(
        self,
        config_or_config_fn: Any,
        name: str,
        config_schema: Any = None,
        description: str | None = None,
    ) -> OpDefinition:
        """Return a new op whose configuration is supplied in advance; this one stays as it is.

        Args:
            config_or_config_fn: The configuration, or a function that gives it from what the run configuration has. It is
                checked when a run is configured.
            name: The new op's name.
            config_schema: What the function accepts; anything when left out.
            description: The new op's; this one's when left out.

        Raises:
            InvalidDefinitionError: The name is no identifier, or a value comes with a config_schema.
        """
        return self._copy(
            _name=check_name("an op", name),
            _description=self._description if description is None else description,
            _config_schema=config_schema,
            _contract=self._contract.configured(config_or_config_fn, config_schema),
        )

    def with_hooks(self, hooks: Iterable[HookDefinition]) -> OpDefinition:
        """Return the op with hooks that are called after its steps, besides those of the job.

        Raises:
            InvalidDefinitionError: Something among them is no hook.
        """
        return self._copy(_hooks=check_hooks(f"op {self._name!r}", {*self._hooks, *hooks}))

    def with_retry_policy(self, retry_policy: RetryPolicy) -> OpDefinition:
        """Return the op with another retry policy.

        Raises:
            InvalidDefinitionError: It is none.
        """
        return self._copy(_retry_policy=check_retry_policy(f"op {self._name!r}", retry_policy))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add the op to the job whose body is being run; outside of one, call its function."""
        composition = current_composition()
        if composition is not None:
            return composition.add(self, self._alias, args, kwargs)
        if self.takes_context:
            context, *values = args or (kwargs.pop("context", None),)
            return self._function(self._direct_context(context), *values, **kwargs)
        if args and isinstance(args[0], DirectContext):
            args = args[1:]
        return self._function(*args, **kwargs)

    def _copy(self, **attributes: Any) -> OpDefinition:
        made = copy.copy(self)
        vars(made).update(attributes)
        return made

    def _direct_context(self, context: Any) -> Any:
        if isinstance(context, DirectContext):
            return context.for_op(self)
        if context is None:
            raise InvalidInvocationError(
                f"op {self._name!r} takes a context: call it in the body of a job, or directly as"
                f" {self._name}(build_op_context(), …)"
            )
        return context


@overload
def op(name: OpFunction) -> OpDefinition: ...
@overload
def op(
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    tags: Mapping[str, str] | None = None,
    retry_policy: RetryPolicy | None = None,
    pool: str | None = None,
) -> Callable[[OpFunction], OpDefinition]: ...
def op(
    name: str | OpFunction | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    tags: Mapping[str, str] | None = None,
    retry_policy: RetryPolicy | None = None,
    pool: str | None = None,
) -> OpDefinition | Callable[[OpFunction], OpDefinition]:
    """Return an op for the decorated function; usable bare and with arguments, which are those of `OpDefinition`.

    Raises:
        InvalidDefinitionError: The function or an argument does not fit.
        InvalidArgumentError: The first argument is neither a name nor a function.
    """
    if name is not None and not isinstance(name, str):
        if not callable(name):
            raise InvalidArgumentError("@op takes its arguments by name: @op(config_schema=…)")
        return OpDefinition(name)

    def define(function: OpFunction) -> OpDefinition:
        return OpDefinition(
            function,
            name,
            description,
            ins,
            out,
            config_schema,
            required_resource_keys,
            tags,
            retry_policy,
            pool,
        )

    return define


def _with_pool(name: str, tags: Mapping[str, str], pool: str | None) -> Mapping[str, str]:
    """Return the tags with the pool, which is one of them: queue and executors look for it there."""
    if pool is None:
        return tags
    if not isinstance(pool, str) or not pool:
        raise InvalidDefinitionError(f"pool of op {name!r} is a name, not {pool!r}")
    if tags.get(CONCURRENCY_KEY, pool) != pool:
        raise InvalidDefinitionError(
            f"op {name!r} has two pools, {pool!r} and its tag {CONCURRENCY_KEY!r}: leave out the tag"
        )
    return {**tags, CONCURRENCY_KEY: pool}
