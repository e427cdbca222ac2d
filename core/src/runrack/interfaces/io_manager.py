"""IOManager: keeps the values that steps give to each other."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runrack.interfaces.part import InstanceServices
from runrack.records.asset_key import AssetKey
from runrack.records.metadata import MetadataEntry, RawMetadata, to_metadata

DEFAULT_IO_MANAGER_KEY = "io_manager"
"""The resource that keeps the values of outputs which name no other one."""


@dataclass(frozen=True)
class OutputContext:
    """What an IO manager knows of an output.

    Attributes:
        run_id: The run whose step gave it.
        job_name: That run's job.
        step_key: That step.
        name: The output's name.
        instance: The instance that the run is stored in.
        log: Writes to the run's log.
        mapping_key: Which of several values of a dynamic output.
        asset_key: The asset that the value is, if it is one.
        partition_key: The partition of the asset.
        type: What the output declares; `typing.Any` when it declares nothing.
    """

    run_id: str
    job_name: str
    step_key: str
    name: str
    instance: InstanceServices
    log: logging.Logger
    mapping_key: str | None = None
    asset_key: AssetKey | None = None
    partition_key: str | None = None
    type: Any = Any
    _metadata: dict[str, MetadataEntry] = field(default_factory=dict)

    @property
    def has_asset_key(self) -> bool:
        """Whether the value is an asset: it is then known beyond its run."""
        return self.asset_key is not None

    @property
    def identifier(self) -> tuple[str, ...]:
        """What no other value has, in parts that may be any text.

        They are one of these:

        - `runs`, run, step, output, and the mapping key of a dynamic output;
        - `assets`, and the parts of the asset's key;
        - `partitions`, the partition, and the parts of the asset's key.
        """
        if self.asset_key is None:
            return ("runs", self.run_id, self.step_key, self.name, *_given(self.mapping_key))
        if self.partition_key is None:
            return ("assets", *self.asset_key.path)
        return ("partitions", self.partition_key, *self.asset_key.path)

    @property
    def metadata(self) -> Mapping[str, MetadataEntry]:
        """What was said about how the value is kept."""
        return self._metadata

    def add_output_metadata(self, metadata: RawMetadata) -> None:
        """Say something about how the value is kept; it is stored with the event HANDLED_OUTPUT.

        Raises:
            InvalidArgumentError: Something cannot be stored.
        """
        self._metadata.update(to_metadata(metadata))


@dataclass(frozen=True)
class InputContext:
    """What an IO manager knows of an input.

    Attributes:
        run_id: The run whose step asks for the value.
        job_name: That run's job.
        step_key: That step.
        name: The input's name.
        upstream_output: The output that the value was given to; its run may be an earlier one.
        type: What the input declares; `typing.Any` when it declares nothing.
    """

    run_id: str
    job_name: str
    step_key: str
    name: str
    upstream_output: OutputContext
    type: Any = Any

    @property
    def instance(self) -> InstanceServices:
        """The instance that the run is stored in."""
        return self.upstream_output.instance

    @property
    def log(self) -> logging.Logger:
        """Writes to the run's log."""
        return self.upstream_output.log


class IOManager(ABC):
    """Keeps the values that steps give to each other. A job has one as its resource `io_manager`.

    - Another process than the one that gave a value may ask for it, unless the manager says otherwise.
    - Several threads and processes may keep and load values at the same time; a value may be loaded any number of times.
    - What is loaded equals what was kept, and is of the same type. No two outputs share a value: see
      `OutputContext.identifier`, any part of which may be any text.
    """

    keeps_in_memory: bool = False
    """Whether only the process that gave a value can load it."""

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep a value. One that was kept for the same output before is replaced, wholly or not at all.

        Raises:
            UnstorableValueError: The value cannot be kept; what was kept before still is.
        """

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return the value that was kept for `context.upstream_output`.

        Raises:
            ValueNotFoundError: None is kept. The message names the step.
        """


def _given(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)
