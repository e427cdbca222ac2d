"""GraphDefinition: ops and what connects them, to be used like an op; `graph` makes one from a function that calls ops."""

from __future__ import annotations

import copy
import functools
import inspect
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any, overload

from runrack.definitions.composition import compose, current_composition
from runrack.definitions.config_mapping import ConfigMapping, as_config_mapping
from runrack.definitions.configured import ConfigContract
from runrack.definitions.invoked_output import InvokedDynamicOutput, InvokedOutput, OpenInput
from runrack.definitions.job import JobDefinition
from runrack.definitions.output import check_name
from runrack.errors import InvalidDefinitionError, InvalidInvocationError, with_article

GraphFunction = Callable[..., Any]


class GraphDefinition:
    """Ops and what connects them, used like an op: in the bodies of jobs and of other graphs.

    Args:
        function: Its body. The parameters are the inputs; what it returns are the outputs: one, a tuple, or a dictionary.
        name: Unique in a job; the function's name when left out.
        description: For people; the function's docstring when left out.
        config: The configuration of its ops, by name of the op, or a ConfigMapping that makes it from what the run
            configuration has for the graph. Without, each op has its own under `ops.<graph>.ops`.

    Raises:
        InvalidDefinitionError: The function or an argument does not fit.
    """

    def __init__(
        self,
        function: GraphFunction,
        name: str | None = None,
        description: str | None = None,
        config: Mapping[str, Any] | ConfigMapping | None = None,
    ) -> None:
        if not callable(function):
            raise InvalidDefinitionError("@graph decorates a function")
        self.name = check_name("a graph", name if name is not None else getattr(function, "__name__", ""))
        self.description = description if description is not None else inspect.getdoc(function)
        self.inputs = inspect.signature(function).parameters
        self.body = function
        self._alias: str | None = None
        mapping = as_config_mapping(config)
        self.config_fn = None if mapping is None else mapping.config_fn
        self.config_contract = ConfigContract.from_schema(None if mapping is None else mapping.config_schema)
        functools.update_wrapper(self, function)

    def default_of(self, name: str) -> Any:
        """Return what an input is when nothing feeds it: its default, or what the run configuration gives."""
        default = self.inputs[name].default
        return OpenInput(name) if default is inspect.Parameter.empty else default

    def check_outputs(self, returned: Any) -> Any:
        """Return what the body returned, as what the caller gets; a dictionary becomes a named tuple.

        Raises:
            InvalidDefinitionError: It is something else than outputs of ops.
        """
        if isinstance(returned, Mapping):
            made: Any = namedtuple(self.name, list(returned))  # type: ignore[misc]  # noqa: PYI024 - the names are known only now
            return made(**returned)
        for output in returned if isinstance(returned, tuple) else (returned,):
            if not isinstance(output, InvokedOutput | InvokedDynamicOutput | None):
                raise InvalidDefinitionError(
                    f"graph {self.name!r} returns {with_article(type(output).__name__)}: return what ops gave"
                )
        return returned

    def alias(self, name: str) -> GraphDefinition:
        """Return the graph to be called under another name.

        Raises:
            InvalidDefinitionError: The name is no identifier.
        """
        return self._copy(_alias=check_name("a graph", name))

    def configured(self, config_or_config_fn: Any, name: str, config_schema: Any = None) -> GraphDefinition:
        """Return a new graph whose configuration is supplied in advance; this one stays as it is.

        Args:
            config_or_config_fn: The configuration, or a function that gives it from what the run configuration has.
            name: The new graph's name.
            config_schema: What the function accepts; anything when left out.

        Raises:
            InvalidDefinitionError: The graph has no ConfigMapping, or a value comes with a config_schema.
        """
        if self.config_fn is None:
            raise InvalidDefinitionError(
                f"graph {self.name!r} has no configuration of its own: give it config=ConfigMapping(…)"
            )
        contract = self.config_contract.configured(config_or_config_fn, config_schema)
        return self._copy(name=check_name("a graph", name), config_contract=contract)

    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        config: Any = None,
        **arguments: Any,
    ) -> JobDefinition:
        """Return a job of the graph's ops; inputs that nothing feeds come from the run configuration.

        Args:
            name: What users call it; the graph's name when left out.
            description: For people; the graph's when left out.
            config: As of `job`; the graph's own when left out.
            arguments: The further arguments of `job`.

        Raises:
            InvalidDefinitionError: A call in the body or an argument does not fit.
        """
        chosen = self.name if name is None else name
        inputs = {key: self.default_of(key) for key in self.inputs}
        composition = compose(chosen, lambda: self.body(**inputs))
        return JobDefinition(
            chosen,
            composition.nodes,
            self.description if description is None else description,
            config=self._job_config() if config is None else config,
            graphs=composition.graphs,
            **arguments,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add the graph to the job whose body is being run.

        Raises:
            InvalidInvocationError: No such body is being run.
        """
        composition = current_composition()
        if composition is None:
            raise InvalidInvocationError(
                f"graph {self.name!r} is called in the body of a job; {self.name}.to_job() is a job by itself"
            )
        return composition.add_graph(self, self._alias, args, kwargs)

    def _job_config(self) -> ConfigMapping | None:
        config_fn, contract = self.config_fn, self.config_contract
        if config_fn is None:
            return None
        label = f"graph {self.name!r}"
        return ConfigMapping(lambda config: {"ops": config_fn(contract.apply(config, label))}, contract.field)

    def _copy(self, **attributes: Any) -> GraphDefinition:
        made = copy.copy(self)
        vars(made).update(attributes)
        return made


@overload
def graph(name: GraphFunction) -> GraphDefinition: ...
@overload
def graph(
    name: str | None = None,
    description: str | None = None,
    config: Mapping[str, Any] | ConfigMapping | None = None,
) -> Callable[[GraphFunction], GraphDefinition]: ...
def graph(
    name: str | GraphFunction | None = None,
    description: str | None = None,
    config: Mapping[str, Any] | ConfigMapping | None = None,
) -> GraphDefinition | Callable[[GraphFunction], GraphDefinition]:
    """Return a graph for the decorated function, whose body calls ops; usable bare and with arguments.

    The arguments are those of `GraphDefinition`. The body runs once for each call of the graph.

    Raises:
        InvalidDefinitionError: The function or an argument does not fit.
    """
    if name is not None and not isinstance(name, str):
        return GraphDefinition(name)
    return lambda function: GraphDefinition(function, name, description, config)
