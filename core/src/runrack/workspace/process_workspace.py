"""ProcessWorkspace: code locations, each in a process of its own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from typing_extensions import override

from runrack.config.document import load_document
from runrack.config.evaluation import evaluate_or_raise
from runrack.config.vocabulary import Shape
from runrack.errors import LocationUnavailableError, NotFoundError
from runrack.interfaces.workspace import LocationInfo, Workspace
from runrack.records.run import JobCodeOrigin, Run
from runrack.workspace.location_schema import WORKSPACE_FIELD
from runrack.workspace.location_target import LocationTarget, target_of_origin, targets_from_config
from runrack.workspace.process_location import ProcessLocation

MAX_OTHER_LOCATIONS = 16
"""How many locations made from the code pointers of runs stay loaded: the latest."""

_LOADED_TOGETHER = 8


class ProcessWorkspace(Workspace):
    """Code locations, each in a process of its own, which starts when it is first needed.

    Where locations are configured, no other code is run. Where there are none, a run gets a location made from its code
    pointer.

    Args:
        targets: The locations that are configured.
        instance_ref: Gives the instance whose parts runs need; None for none.
        log_folder: Where the output of the processes goes; nowhere when None.
    """

    def __init__(
        self,
        targets: Sequence[LocationTarget] = (),
        instance_ref: Callable[[], Mapping[str, Any] | None] = lambda: None,
        log_folder: Path | None = None,
    ) -> None:
        self._instance_ref = instance_ref
        self._log_folder = log_folder
        self._locations = {target.location_name: self._make(target) for target in targets}
        self._others: OrderedDict[LocationTarget, ProcessLocation] = OrderedDict()
        self._lock = Lock()

    @property
    @override
    def location_names(self) -> Sequence[str]:
        return tuple(self._locations)

    @override
    def list_locations(self) -> Sequence[LocationInfo]:
        locations = list(self._locations.values())
        if locations:
            with ThreadPoolExecutor(min(_LOADED_TOGETHER, len(locations))) as threads:
                list(threads.map(ProcessLocation.refresh, locations))
        return [location.info for location in locations]

    @override
    def get_location(self, name: str) -> ProcessLocation:
        if name not in self._locations:
            known = ", ".join(self._locations) or "none"
            raise NotFoundError(f"the workspace has no code location {name!r}; it has: {known}")
        return self._locations[name]

    @override
    def get_location_of(self, run: Run) -> ProcessLocation:
        named = None if run.remote_job_origin is None else run.remote_job_origin.location_name
        if named is not None and named in self._locations:
            return self._locations[named]
        if self._locations:
            raise LocationUnavailableError(
                named or run.job_name,
                "it is not in the workspace, and no other code is run: add it to `workspace` of runrack.yaml, or to the"
                " file given with -w",
            )
        if run.job_code_origin is None:
            raise LocationUnavailableError(
                named or run.job_name,
                f"the workspace has no such location, and run {run.run_id} does not say where its code lies",
            )
        return self._other_location(run.job_code_origin)

    @override
    def why_unavailable(self, run: Run) -> str | None:
        try:
            location = self.get_location_of(run)
        except LocationUnavailableError as error:
            return error.message
        reason = location.why_unavailable()
        return None if reason is None else LocationUnavailableError(location.name, reason).message

    @override
    def reload(self, name: str | None = None) -> None:
        for location in list(self._locations.values()) if name is None else [self.get_location(name)]:
            location.reload()

    @override
    def refresh(self) -> Sequence[str]:
        return [name for name, location in self._locations.items() if location.refresh()]

    @override
    def close(self) -> None:
        with self._lock:
            others = list(self._others.values())
            self._others.clear()
        for location in [*self._locations.values(), *others]:
            location.close()

    def _other_location(self, origin: JobCodeOrigin) -> ProcessLocation:
        target = target_of_origin(origin)
        dropped: list[ProcessLocation] = []
        with self._lock:
            location = self._others.setdefault(target, self._make(target))
            self._others.move_to_end(target)
            while len(self._others) > MAX_OTHER_LOCATIONS:
                dropped.append(self._others.popitem(last=False)[1])
        for old in dropped:
            old.close()
        return location

    def _make(self, target: LocationTarget) -> ProcessLocation:
        return ProcessLocation(target, self._instance_ref, self._log_folder)


def load_targets(path: Path) -> list[LocationTarget]:
    """Return what a workspace file, as given with `-w`, names: a document with the key `workspace`.

    Raises:
        ConfigError: The file cannot be read or does not satisfy its schema.
        InvalidArgumentError: Two locations have one name.
    """
    document = load_document(path)
    values = evaluate_or_raise(Shape({"workspace": WORKSPACE_FIELD}), document.value, document=document)
    return targets_from_config(values.get("workspace", ()), path.parent.absolute())
