"""GivenOutputs: which outputs were given so far, and which of them feed a step. Not the values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from runrack.definitions.invoked_output import Collected, InputSource, InvokedOutput, outputs_of
from runrack.records.known_state import KnownOutput, OutputHandle


class GivenOutputs:
    """Which outputs were given so far.

    Args:
        known: Outputs that were given before.
    """

    def __init__(self, known: Iterable[KnownOutput] = ()) -> None:
        self._runs: dict[OutputHandle, str] = {}
        self._handles: defaultdict[str, list[OutputHandle]] = defaultdict(list)
        for output in known:
            self.add(output.handle, output.run_id)

    def add(self, handle: OutputHandle, run_id: str) -> None:
        """Note that an output was given in a run."""
        if handle not in self._runs:
            self._handles[handle.step_key].append(handle)
        self._runs[handle] = run_id

    def discard(self, step_key: str) -> None:
        """Forget what a step gave, because it is tried again."""
        for handle in self._handles.pop(step_key, ()):
            del self._runs[handle]

    def has(self, handle: OutputHandle) -> bool:
        """Tell whether the output was given."""
        return handle in self._runs

    def run_of(self, handle: OutputHandle) -> str:
        """Return the id of the run that the output was given in; it was given."""
        return self._runs[handle]

    def mapping_keys(self, step_key: str, output_name: str) -> list[str]:
        """Return the keys of the items that a dynamic output has, in the order in which they were given."""
        return [
            handle.mapping_key
            for handle in self._handles.get(step_key, ())
            if handle.output_name == output_name and handle.mapping_key is not None
        ]

    def handles_of(self, source: InputSource, mapping_key: str | None) -> list[OutputHandle]:
        """Return the outputs that a source consists of, for the step of this mapping key.

        Of what is collected, only outputs that were given are returned.
        """
        if isinstance(source, Collected):
            return [handle for handle in self._all_of(source.each) if handle in self._runs]
        return [output_handle(output, mapping_key) for output in outputs_of(source)]

    def needed_for(self, sources: Iterable[InputSource], mapping_key: str | None) -> tuple[KnownOutput, ...]:
        """Return what another process has to know in order to load these sources."""
        handles: dict[OutputHandle, None] = {}
        for source in sources:
            if isinstance(source, Collected) and source.each.mapped_over is not None:
                step_key, output_name = source.each.mapped_over
                handles.update(
                    (OutputHandle(step_key, output_name, key), None)
                    for key in self.mapping_keys(step_key, output_name)
                )
            handles.update((handle, None) for handle in self.handles_of(source, mapping_key))
        return tuple(KnownOutput(handle, self._runs[handle]) for handle in handles if handle in self._runs)

    def _all_of(self, each: InvokedOutput) -> list[OutputHandle]:
        step_key, output_name = each.mapped_over or (each.node_name, each.output_name)
        return [output_handle(each, key) for key in self.mapping_keys(step_key, output_name)]


def output_handle(output: InvokedOutput, mapping_key: str | None) -> OutputHandle:
    """Return the output that stands where `output` does, for the step of this mapping key."""
    if output.mapped_over is None:
        return OutputHandle(output.node_name, output.output_name)
    if output.mapped_over == (output.node_name, output.output_name):
        return OutputHandle(output.node_name, output.output_name, mapping_key)
    return OutputHandle(f"{output.node_name}[{mapping_key}]", output.output_name)
