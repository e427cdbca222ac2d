"""ExecutorDefinition: a named way to execute runs, and `executor`, which makes one from a function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, overload

from runrack.definitions.configured import ConfigContract
from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.definitions.runnable_job import RunnableJob
from runrack.errors import (
    ExecutorCreationError,
    InvalidArgumentError,
    InvalidDefinitionError,
    UnmetExecutorRequirementsError,
    with_article,
)
from runrack.interfaces.executor import Executor
from runrack.interfaces.part import InstanceServices


class ExecutorRequirement(Enum):
    """What an executor needs of the job and the instance."""

    RECONSTRUCTABLE_JOB = "RECONSTRUCTABLE_JOB"
    """The job can be loaded again in another process."""
    RECONSTRUCTABLE_PIPELINE = "RECONSTRUCTABLE_JOB"  # noqa: PIE796 - an older name of the same
    """The same."""
    NON_EPHEMERAL_INSTANCE = "NON_EPHEMERAL_INSTANCE"
    """Another process can open the instance."""
    PERSISTENT_OUTPUTS = "PERSISTENT_OUTPUTS"
    """Another process can read the values that steps give."""


@dataclass(frozen=True)
class InitExecutorContext:
    """What a function gets that creates an executor.

    Attributes:
        job: The job that is about to run.
        executor_def: The definition that the executor is created for.
        executor_config: What the run configuration has under `execution.config`, checked and with its defaults.
        instance: The instance that the run is stored in.
    """

    job: RunnableJob
    executor_def: ExecutorDefinition
    executor_config: Mapping[str, Any]
    instance: InstanceServices

    def __post_init__(self) -> None:
        if not isinstance(self.job, RunnableJob):
            raise InvalidArgumentError("job of an InitExecutorContext is a job or a reconstructable job")
        if not isinstance(self.executor_def, ExecutorDefinition):
            raise InvalidArgumentError("executor_def of an InitExecutorContext is an ExecutorDefinition")
        config = self.executor_config
        if not isinstance(config, Mapping) or not all(isinstance(key, str) for key in config):
            raise InvalidArgumentError(
                "executor_config of an InitExecutorContext is a mapping with string keys"
            )
        if not callable(getattr(self.instance, "handle_new_events", None)):
            raise InvalidArgumentError("instance of an InitExecutorContext is an Instance")


ExecutorCreationFn = Callable[[InitExecutorContext], Executor]
Requirements = Sequence[ExecutorRequirement] | Callable[[Any], Sequence[ExecutorRequirement]]


class ExecutorDefinition:
    """A named way to execute the steps of runs.

    Args:
        name: What users call it.
        config_schema: What it accepts under `execution.config` of the run configuration; anything when left out.
        requirements: What it needs, or a function that tells it from the checked configuration.
        executor_creation_fn: Takes an InitExecutorContext and returns an Executor.
        description: For people.
        required_resource_keys: Must be empty: an executor is created before there are resources, and often in another process
            than they. An op that needs a resource says so itself.

    Raises:
        InvalidDefinitionError: An argument does not fit.
    """

    def __init__(
        self,
        name: str,
        config_schema: Any = None,
        requirements: Requirements | None = None,
        executor_creation_fn: ExecutorCreationFn | None = None,
        description: str | None = None,
        required_resource_keys: Iterable[str] | None = None,
    ) -> None:
        if not isinstance(name, str) or not name:
            raise InvalidDefinitionError("the name of an executor is a string that is not empty")
        if not callable(executor_creation_fn):
            raise InvalidDefinitionError(
                f"executor {name!r}: executor_creation_fn is a function that takes an InitExecutorContext"
            )
        if required_resource_keys:
            raise InvalidDefinitionError(
                f"executor {name!r}: an executor gets no resources; put required_resource_keys on the ops"
            )
        self._name = name
        self._description = description
        self._config_schema = config_schema
        self._requirements = _checked_requirements(name, requirements)
        self._creation_fn = executor_creation_fn
        self._contract = ConfigContract.from_schema(config_schema)

    @property
    def name(self) -> str:
        """What users call it."""
        return self._name

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
        """What is accepted under `execution.config`."""
        return self._contract

    @property
    def executor_creation_fn(self) -> ExecutorCreationFn:
        """The function that creates the executor."""
        return self._creation_fn

    @staticmethod
    def hardcoded_executor(executor: Executor) -> ExecutorDefinition:
        """Return a definition, named `__executor__`, that always gives this executor."""
        return ExecutorDefinition("__executor__", executor_creation_fn=lambda _: executor)

    def get_requirements(self, executor_config: Any) -> list[ExecutorRequirement]:
        """Return what the executor needs when it is configured like this."""
        needed = self._requirements
        return list(needed(executor_config) if callable(needed) else needed)

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> ExecutorDefinition:
        """Return a new definition whose configuration is supplied in advance; this one stays as it is.

        Args:
            config_or_config_fn: The configuration, or a function that gives it from what the run configuration has. It is
                checked when a run is configured.
            name: The new definition's name; this one's when left out.
            config_schema: What the function accepts; anything when left out.
            description: The new definition's; this one's when left out.

        Raises:
            InvalidDefinitionError: A value comes with a config_schema.
        """
        made = ExecutorDefinition(
            self._name if name is None else name,
            config_schema,
            self._requirements,
            self._creation_fn,
            self._description if description is None else description,
        )
        made._contract = self._contract.configured(config_or_config_fn, config_schema)
        return made

    def create_executor(self, context: InitExecutorContext, *, persists_outputs: bool = True) -> Executor:
        """Return the executor for one run.

        Args:
            context: The run's job, configuration and instance.
            persists_outputs: Whether another process can read the values that steps give.

        Raises:
            UnmetExecutorRequirementsError: The job or the instance does not give what the executor needs.
            ExecutorCreationError: The creation function raised.
            InvalidDefinitionError: It returned something that is no Executor.
        """
        self._check_requirements(context, persists_outputs=persists_outputs)
        with user_code_error_boundary(
            ExecutorCreationError, lambda: f"the creation function of executor {self._name!r} raised"
        ):
            created = self._creation_fn(context)
        if not isinstance(created, Executor):
            raise InvalidDefinitionError(
                f"the creation function of executor {self._name!r} returned {with_article(type(created).__name__)}:"
                " return an Executor"
            )
        return created

    def _check_requirements(self, context: InitExecutorContext, *, persists_outputs: bool) -> None:
        needed = self.get_requirements(context.executor_config)
        if ExecutorRequirement.RECONSTRUCTABLE_JOB in needed and context.job.get_code_origin() is None:
            raise UnmetExecutorRequirementsError(
                f"executor {self._name!r} loads the job in other processes: define the job at the top level of a module"
                " and pass reconstructable(job)"
            )
        if ExecutorRequirement.NON_EPHEMERAL_INSTANCE in needed and context.instance.is_ephemeral:
            raise UnmetExecutorRequirementsError(
                f"executor {self._name!r} opens the instance in other processes: use Instance.get() or"
                " Instance.local_temp() instead of an ephemeral instance"
            )
        if ExecutorRequirement.PERSISTENT_OUTPUTS in needed and not persists_outputs:
            raise UnmetExecutorRequirementsError(
                f"executor {self._name!r} passes values between processes, and the values of this job stay in the memory"
                " of one: use the in_process executor"
            )


def _checked_requirements(name: str, requirements: Requirements | None) -> Requirements:
    if requirements is None or callable(requirements):
        return requirements or ()
    if not all(isinstance(requirement, ExecutorRequirement) for requirement in requirements):
        raise InvalidDefinitionError(f"executor {name!r}: requirements holds members of ExecutorRequirement")
    return tuple(requirements)


@overload
def executor(name: ExecutorCreationFn) -> ExecutorDefinition: ...
@overload
def executor(
    name: str | None = None, config_schema: Any = None, requirements: Requirements | None = None
) -> Callable[[ExecutorCreationFn], ExecutorDefinition]: ...
def executor(
    name: str | ExecutorCreationFn | None = None,
    config_schema: Any = None,
    requirements: Requirements | None = None,
) -> ExecutorDefinition | Callable[[ExecutorCreationFn], ExecutorDefinition]:
    """Return an executor definition for the decorated function; usable bare and with arguments.

    Args:
        name: The executor's name; the function's when left out.
        config_schema: What it accepts under `execution.config`; anything when left out.
        requirements: What it needs, or a function that tells it from the configuration.

    Raises:
        InvalidDefinitionError: An argument does not fit.
        InvalidArgumentError: A function is given together with further arguments.
    """
    if callable(name):
        if config_schema is not None or requirements is not None:
            raise InvalidArgumentError("@executor takes arguments by name: @executor(config_schema=…)")
        return _define(name, name.__name__, None, None)

    def define(function: ExecutorCreationFn) -> ExecutorDefinition:
        return _define(function, name or function.__name__, config_schema, requirements)

    return define


def _define(
    function: ExecutorCreationFn, name: str, config_schema: Any, requirements: Requirements | None
) -> ExecutorDefinition:
    definition = ExecutorDefinition(name, config_schema, requirements, function)
    functools.update_wrapper(definition, function)  # type: ignore[arg-type]
    return definition
