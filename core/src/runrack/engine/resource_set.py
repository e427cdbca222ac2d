"""ResourceSet: the resources of a run in one process, set up once and torn down in reverse."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.definitions.resource import InitResourceContext, ResourceDefinition
from runrack.definitions.user_stack import user_error_info
from runrack.engine.event_writer import EventWriter
from runrack.engine.interrupt import exposed
from runrack.errors import InvalidDefinitionError, ResourceAccessError, ResourceFunctionError
from runrack.interfaces.part import InstanceServices
from runrack.records.event import Event
from runrack.records.event_data import EngineEventData
from runrack.records.event_type import EventType
from runrack.records.run import Run


class ScopedResources:
    """The resources that one op or resource requires, by attribute."""

    def __init__(self, owner: str, values: Mapping[str, Any]) -> None:
        self._owner = owner
        self._values = dict(values)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):  # what copying asks for, before there are values
            raise AttributeError(key)
        if key not in self._values:
            raise ResourceAccessError(
                f"{self._owner} does not require resource {key!r}: add {key!r} to its required_resource_keys"
            )
        return self._values[key]


class ResourceSet:
    """The resources of a run in this process.

    Args:
        definitions: Every resource of the job.
        keys: Those that are needed, each after what it requires.
        config: What each one's function gets as its configuration.
        run, instance: What the functions are told.
        log: What they may write to.
        writer: Stores events before the user's code gets control.
    """

    def __init__(
        self,
        definitions: Mapping[str, ResourceDefinition],
        keys: Iterable[str],
        config: Mapping[str, Any],
        run: Run,
        instance: InstanceServices,
        log: logging.Logger,
        writer: EventWriter,
    ) -> None:
        self._definitions = definitions
        self._keys = list(keys)
        self._config = config
        self._run = run
        self._instance = instance
        self._log = log
        self._writer = writer
        self._values: dict[str, Any] = {}
        self._generators: list[tuple[str, Generator[Any, Any, Any]]] = []
        self._is_set_up = False

    def set_up(self) -> Iterator[Event]:
        """Set up what is needed, unless that was done before, and yield what happens.

        Raises:
            ResourceFunctionError: A resource's function raised.
            InvalidDefinitionError: A resource's generator function did not yield.
        """
        if self._is_set_up:
            return
        self._is_set_up = True
        if not self._keys:
            return
        names = ", ".join(self._keys)
        yield self._event(EventType.RESOURCE_INIT_STARTED, f"Setting up resources: {names}.")
        self._writer.flush()
        for key in self._keys:
            try:
                self._values[key] = self._create(key)
            except Exception as error:
                data = EngineEventData(error=user_error_info(error))
                yield self._event(
                    EventType.RESOURCE_INIT_FAILURE, f"Resource {key!r} could not be set up.", data
                )
                raise
        yield self._event(EventType.RESOURCE_INIT_SUCCESS, f"Resources are set up: {names}.")

    def tear_down(self) -> Iterator[Event]:
        """Tear down what was set up, last first, and yield what goes wrong; nothing is raised."""
        while self._generators:
            key, generator = self._generators.pop()
            try:
                with exposed():
                    self._finish(key, generator)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the other resources are torn down too
                yield self._event(
                    EventType.ENGINE_EVENT,
                    f"Resource {key!r} could not be torn down.",
                    EngineEventData(error=user_error_info(error)),
                )
        self._values.clear()

    def has(self, key: str) -> bool:
        """Tell whether the job has a resource of this key."""
        return key in self._definitions

    def get(self, key: str) -> Any:
        """Return the resource of this key, which is set up."""
        return self._values[key]

    def scoped(self, owner: str, keys: Iterable[str]) -> ScopedResources:
        """Return the resources of these keys, for `owner`: "op 'x'"."""
        return ScopedResources(owner, {key: self._values[key] for key in keys})

    def _create(self, key: str) -> Any:
        definition = self._definitions[key]
        context = InitResourceContext(
            self._config.get(key),
            self.scoped(f"resource {key!r}", definition.required_resource_keys),
            self._instance,
            self._run,
            self._log,
        )
        with user_code_error_boundary(ResourceFunctionError, lambda: f"resource {key!r} raised in its setup"):
            created: Any = definition.call(context)
            if not inspect.isgenerator(created):
                return created
            for value in created:
                self._generators.append((key, created))
                return value
        raise InvalidDefinitionError(f"resource {key!r}: its generator function ended without a yield")

    def _finish(self, key: str, generator: Generator[Any, Any, Any]) -> None:
        with user_code_error_boundary(
            ResourceFunctionError, lambda: f"resource {key!r} raised in its teardown"
        ):
            for _ in generator:
                generator.close()
                raise InvalidDefinitionError(
                    f"resource {key!r}: its generator function yields more than once"
                )

    def _event(self, event_type: EventType, message: str, data: EngineEventData | None = None) -> Event:
        return self._writer.make_event(event_type, None, message, data or EngineEventData())
