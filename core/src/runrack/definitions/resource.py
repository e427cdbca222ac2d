"""ResourceDefinition: how to set up what ops need and should not build themselves; `resource` makes one from a function."""

from __future__ import annotations

import functools
import inspect
import logging
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, overload

from runrack.config.vocabulary import AnyValue, Field, Noneable
from runrack.definitions.configured import ConfigContract
from runrack.definitions.output import check_keys
from runrack.errors import InvalidArgumentError, InvalidDefinitionError
from runrack.interfaces.part import InstanceServices
from runrack.records.run import Run


@dataclass(frozen=True)
class InitResourceContext:
    """What a function gets that sets up a resource.

    Attributes:
        resource_config: What the run configuration has under `resources.<key>.config`, checked and with its defaults;
            None for a resource without schema for which nothing is given.
        resources: The resources that it requires, by attribute.
        instance: The instance that the run is stored in.
        run: The run.
        log: Writes to the run's log.
    """

    resource_config: Any
    resources: Any
    instance: InstanceServices
    run: Run
    log: logging.Logger


_CONFIG_CLASSES = (str, int, float, bool, list, dict)

ResourceFunction = Callable[..., Any]


class ResourceDefinition:
    """How to set up a resource, once for each process that executes steps.

    Args:
        resource_fn: Takes an InitResourceContext, or nothing, and returns the resource. A generator function yields it once;
            what follows the `yield` tears it down.
        config_schema: What it accepts under `resources.<key>.config`; anything when left out.
        description: For people.
        required_resource_keys: Other resources of the job that it needs; they are set up before and torn down after it.

    Raises:
        InvalidDefinitionError: An argument does not fit.
    """

    def __init__(
        self,
        resource_fn: ResourceFunction,
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: Iterable[str] | None = None,
    ) -> None:
        if not callable(resource_fn) or inspect.iscoroutinefunction(resource_fn):
            raise InvalidDefinitionError(
                "resource_fn is an ordinary function or a generator function, not a coroutine function"
            )
        self._resource_fn = resource_fn
        self._description = description
        self._config_schema = config_schema
        self._contract = ConfigContract.from_schema(config_schema)
        self._required_resource_keys = check_keys("a resource", required_resource_keys)

    @property
    def resource_fn(self) -> ResourceFunction:
        """The function that sets it up."""
        return self._resource_fn

    @property
    def description(self) -> str | None:
        """For people."""
        return self._description

    @property
    def config_schema(self) -> Any:
        """The schema as it was given; None when any configuration is accepted."""
        return self._config_schema

    @property
    def config_contract(self) -> ConfigContract:
        """What is accepted under `resources.<key>.config`."""
        return self._contract

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """The other resources that it needs."""
        return self._required_resource_keys

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> ResourceDefinition:
        """Return a definition of which the value itself is the resource."""
        return ResourceDefinition(lambda: value, description=description)

    @staticmethod
    def from_class(resource_class: type, description: str | None = None) -> ResourceDefinition:
        """Return a definition whose resource is an object of a class.

        - The parameters of its constructor are the configuration, with their types and defaults.
        - An object that is a context manager is entered in the setup and left in the teardown.

        Args:
            resource_class: The class.
            description: For people; the class's docstring when left out.

        Raises:
            InvalidDefinitionError: The constructor has a parameter that takes any number of arguments.
        """
        shown = inspect.getdoc(resource_class) if description is None else description
        return ResourceDefinition(_creator(resource_class), _constructor_schema(resource_class), shown)

    def configured(
        self, config_or_config_fn: Any, config_schema: Any = None, description: str | None = None
    ) -> ResourceDefinition:
        """Return a new definition whose configuration is supplied in advance; this one stays as it is.

        Args:
            config_or_config_fn: The configuration, or a function that gives it from what the run configuration has. It is
                checked when a run is configured.
            config_schema: What the function accepts; anything when left out.
            description: The new definition's; this one's when left out.

        Raises:
            InvalidDefinitionError: A value comes with a config_schema.
        """
        made = ResourceDefinition(
            self._resource_fn,
            config_schema,
            self._description if description is None else description,
            self._required_resource_keys,
        )
        made._contract = self._contract.configured(config_or_config_fn, config_schema)
        return made

    def call(self, context: InitResourceContext) -> Any:
        """Return what the resource function gives: the resource, or the generator that yields it."""
        return self._resource_fn(context) if _takes_context(self._resource_fn) else self._resource_fn()

    def __call__(self, context: InitResourceContext | None = None) -> Any:
        """Call the resource function itself, as a test does; `context` may be anything that it can use."""
        return self._resource_fn(context) if _takes_context(self._resource_fn) else self._resource_fn()


def as_resource_definitions(resource_defs: Mapping[str, Any] | None) -> dict[str, ResourceDefinition]:
    """Return resource definitions by key; a value that is none becomes the resource itself.

    Raises:
        InvalidDefinitionError: A key is no identifier, or no resource is there for a key that another one requires.
    """
    resources: dict[str, ResourceDefinition] = {}
    for key, value in (resource_defs or {}).items():
        if not isinstance(key, str) or not key.isidentifier():
            raise InvalidDefinitionError(
                f"resource key {key!r}: ops read a resource as an attribute, so its key is an identifier"
            )
        is_definition = isinstance(value, ResourceDefinition)
        resources[key] = value if is_definition else ResourceDefinition.hardcoded_resource(value)
    in_setup_order(resources, resources)
    return resources


def in_setup_order(resources: Mapping[str, ResourceDefinition], keys: Iterable[str]) -> list[str]:
    """Return `keys` and all that they require, each after what it requires; otherwise in alphabetical order.

    Raises:
        InvalidDefinitionError: A resource requires one that is not there, or itself through others.
    """
    ordered: list[str] = []
    for key in sorted(keys):
        _append_after_required(resources, key, ordered, ())
    return ordered


def _append_after_required(
    resources: Mapping[str, ResourceDefinition], key: str, ordered: list[str], path: tuple[str, ...]
) -> None:
    if key in path:
        circle = " → ".join((*path[path.index(key) :], key))
        raise InvalidDefinitionError(f"resources require each other in a circle: {circle}")
    if key in ordered:
        return
    if key not in resources:
        raise InvalidDefinitionError(
            f"resource {path[-1]!r} requires resource {key!r}, which the job does not have:"
            f" add {key!r} to resource_defs"
        )
    for required in sorted(resources[key].required_resource_keys):
        _append_after_required(resources, required, ordered, (*path, key))
    ordered.append(key)


def _creator(cls: type) -> ResourceFunction:
    def create(context: InitResourceContext) -> Iterator[Any]:
        made = cls(**context.resource_config)
        if not isinstance(made, AbstractContextManager):
            yield made
            return
        with made as entered:
            yield entered

    return create


def _constructor_schema(cls: type) -> dict[str, Field]:
    """Return the schema of the parameters of a constructor; what is of no configuration's type takes any value."""
    parameters = inspect.signature(cls).parameters
    try:
        annotations = typing.get_type_hints(cls.__init__)  # type: ignore[misc]  # looked at, not called
    except Exception:  # noqa: BLE001 - evaluating annotations runs any code; what cannot be evaluated is not checked
        annotations = {}
    for parameter in parameters.values():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY}:
            raise InvalidDefinitionError(
                f"resource class {cls.__name__!r}: {parameter} cannot be configured: name every parameter"
            )
    return {name: _constructor_field(p, annotations.get(name, Any)) for name, p in parameters.items()}


def _constructor_field(parameter: inspect.Parameter, annotation: Any) -> Field:
    config_type = annotation if annotation in _CONFIG_CLASSES else AnyValue
    if parameter.default is inspect.Parameter.empty:
        return Field(config_type)
    if parameter.default is None:
        return Field(Noneable(config_type), default_value=None)
    return Field(config_type, default_value=parameter.default)


def _takes_context(function: ResourceFunction) -> bool:
    return bool(inspect.signature(function).parameters)


@overload
def resource(config_schema: ResourceFunction) -> ResourceDefinition: ...
@overload
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> Callable[[ResourceFunction], ResourceDefinition]: ...
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> ResourceDefinition | Callable[[ResourceFunction], ResourceDefinition]:
    """Return a resource definition for the decorated function; usable bare and with arguments.

    Args:
        config_schema: What it accepts under `resources.<key>.config`; anything when left out.
        description: For people; the function's docstring when left out.
        required_resource_keys: Other resources of the job that it needs.

    Raises:
        InvalidDefinitionError: An argument does not fit.
        InvalidArgumentError: A function is given together with further arguments.
    """
    if inspect.isfunction(config_schema):
        if description is not None or required_resource_keys is not None:
            raise InvalidArgumentError("@resource takes arguments by name: @resource(config_schema=…)")
        return _define(config_schema, None, None, None)

    def define(function: ResourceFunction) -> ResourceDefinition:
        return _define(function, config_schema, description, required_resource_keys)

    return define


def _define(
    function: ResourceFunction,
    config_schema: Any,
    description: str | None,
    required_resource_keys: Iterable[str] | None,
) -> ResourceDefinition:
    shown = description if description is not None else inspect.getdoc(function)
    definition = ResourceDefinition(function, config_schema, shown, required_resource_keys)
    functools.update_wrapper(definition, function)
    return definition
