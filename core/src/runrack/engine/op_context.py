"""OpExecutionContext: what the function of an op gets as its `context`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runrack.definitions.output import DEFAULT_OUTPUT
from runrack.engine.user_fact import UserFact
from runrack.errors import InvalidArgumentError, InvalidInvocationError, with_article
from runrack.interfaces.part import InstanceServices
from runrack.records.metadata import MetadataEntry, RawMetadata, to_metadata
from runrack.records.run import Run
from runrack.records.tags import PARTITION


@dataclass(frozen=True)
class OpExecutionContext:
    """What the function of an op knows and can do.

    Attributes:
        op_config: The op's configuration, checked and with its defaults; None for an op without schema for which nothing
            is given.
        resources: The resources that the op requires, by attribute.
        log: A Python logger that writes to the run's log.
        run: The run.
        step_key: The step that is being executed.
        op_name: The op's name in the job.
        retry_number: How often the step was tried before: 0 the first time.
        mapping_key: Which item of a dynamic output the op runs for, if it is mapped over one.
    """

    op_config: Any
    resources: Any
    log: logging.Logger
    run: Run
    step_key: str
    op_name: str
    retry_number: int = 0
    mapping_key: str | None = None
    _instance: InstanceServices | None = None
    _output_names: frozenset[str] = frozenset({DEFAULT_OUTPUT})
    _log_fact: Callable[[UserFact], None] = lambda _: None
    _output_metadata: dict[str, dict[str, MetadataEntry]] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.run_id

    @property
    def job_name(self) -> str:
        """The job's name."""
        return self.run.job_name

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run configuration as it was given: references to secrets unresolved."""
        return self.run.run_config

    @property
    def run_tags(self) -> Mapping[str, str]:
        """The labels of the run."""
        return self.run.tags

    @property
    def has_partition_key(self) -> bool:
        """Whether the run makes a partition."""
        return PARTITION in self.run.tags

    @property
    def partition_key(self) -> str:
        """The key of the partition that the run makes.

        Raises:
            InvalidInvocationError: The run makes none.
        """
        if not self.has_partition_key:
            raise InvalidInvocationError(
                "this run makes no partition: give the job a partitions_def, and a run its partition_key"
            )
        return self.run.tags[PARTITION]

    @property
    def instance(self) -> InstanceServices:
        """The instance that the run is stored in.

        Raises:
            InvalidInvocationError: The op is called directly, without an instance.
        """
        if self._instance is None:
            raise InvalidInvocationError("this context has no instance: give build_op_context one")
        return self._instance

    def has_tag(self, key: str) -> bool:
        """Tell whether the run has a label."""
        return key in self.run.tags

    def get_tag(self, key: str) -> str | None:
        """Return a label of the run; None when it has no such label."""
        return self.run.tags.get(key)

    def log_event(self, fact: UserFact) -> None:
        """Store what the op says about its work; it is stored when the call returns.

        Raises:
            InvalidArgumentError: It is none of the things that an op may say.
        """
        if not isinstance(fact, UserFact):
            raise InvalidArgumentError(
                "log_event takes an AssetMaterialization, an AssetObservation, an AssetCheckEvaluation or an"
                f" ExpectationResult, not {with_article(type(fact).__name__)}"
            )
        self._log_fact(fact)

    def add_output_metadata(self, metadata: RawMetadata, output_name: str = DEFAULT_OUTPUT) -> None:
        """Add metadata to an output before the op gives it. What `Output` says of the same labels wins.

        Raises:
            InvalidArgumentError: The op has no such output, or something cannot be stored.
        """
        if output_name not in self._output_names:
            known = ", ".join(sorted(self._output_names)) or "none"
            raise InvalidArgumentError(
                f"op {self.op_name!r} has no output {output_name!r} to add metadata to; it has: {known}"
            )
        self._output_metadata.setdefault(output_name, {}).update(to_metadata(metadata))

    def get_output_metadata(self, output_name: str = DEFAULT_OUTPUT) -> Mapping[str, MetadataEntry]:
        """Return the metadata that was added to an output so far."""
        return self._output_metadata.get(output_name, {})
