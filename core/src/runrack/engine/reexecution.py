"""Taking up an earlier run: which of its steps are to be executed again, and what is known of the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from runrack.definitions.composition import OpNode
from runrack.definitions.job import JobDefinition
from runrack.definitions.selection import Selection
from runrack.engine.given_outputs import GivenOutputs, output_handle
from runrack.engine.plan import ANY_KEY, select_ops
from runrack.errors import InvalidArgumentError, RunNotFoundError
from runrack.interfaces.part import InstanceServices
from runrack.records.event_data import StepOutputData
from runrack.records.event_type import EventType
from runrack.records.known_state import KnownOutput, KnownState, OutputHandle
from runrack.records.run import Run

_TELLING = (EventType.STEP_OUTPUT, EventType.STEP_UP_FOR_RETRY, EventType.STEP_SUCCESS)


@dataclass(frozen=True)
class ReexecutionOptions:
    """Which steps of an earlier run are executed again; the values of the others are reused.

    Attributes:
        parent_run_id: The earlier run.
        step_selection: Which steps, as `runrack.definitions.selection` says, or keys of single ones (`op[key]`); all when
            left out.
        is_from_failure: Whether the steps are those that have not succeeded.
    """

    parent_run_id: str
    step_selection: Selection | None = None
    is_from_failure: bool = False

    def __post_init__(self) -> None:
        if self.is_from_failure and self.step_selection is not None:
            raise InvalidArgumentError("a run is taken up from its failure or with chosen steps, not both")

    @classmethod
    def from_failure(cls, parent_run_id: str) -> ReexecutionOptions:
        """Return the options for executing what has not succeeded."""
        return cls(parent_run_id, is_from_failure=True)


@dataclass
class EarlierWork:
    """What a run and those that it took up have come to, taken together.

    Attributes:
        succeeded: The keys of the steps that have succeeded.
        outputs: What they gave, and the run that keeps it.
    """

    succeeded: set[str] = field(default_factory=set)
    outputs: dict[str, dict[OutputHandle, str]] = field(default_factory=dict)

    @property
    def known_outputs(self) -> tuple[KnownOutput, ...]:
        """The outputs of the steps that have succeeded."""
        return tuple(
            KnownOutput(handle, run_id)
            for key, handles in self.outputs.items()
            if key in self.succeeded
            for handle, run_id in handles.items()
        )

    def forget(self, step_keys: Iterable[str] | None) -> None:
        """Forget the steps of these keys, because they were executed again; all of them for None."""
        for key in list(self.outputs | dict.fromkeys(self.succeeded)) if step_keys is None else step_keys:
            for known in self._expanded(key):
                self.succeeded.discard(known)
                self.outputs.pop(known, None)

    def _expanded(self, key: str) -> list[str]:
        if not key.endswith(f"[{ANY_KEY}]"):
            return [key]
        prefix = key.removesuffix(f"{ANY_KEY}]")
        return [known for known in {*self.succeeded, *self.outputs} if known.startswith(prefix)]


def find_earlier_work(instance: InstanceServices, run: Run) -> EarlierWork:
    """Return what a run and those that it took up have come to.

    Raises:
        RunNotFoundError: One of them is not stored any more.
    """
    work = EarlierWork()
    for each in reversed(_lineage(instance, run)):
        work.forget(_executed_again(each, work))
        for entry in instance.all_logs(each.run_id, of_type=_TELLING):
            event = entry.get_event()
            key = event.step_key or ""
            if isinstance(event.event_specific_data, StepOutputData):
                data = event.event_specific_data
                handle = OutputHandle(key, data.output_name, data.mapping_key)
                work.outputs.setdefault(key, {})[handle] = each.run_id
            elif event.event_type is EventType.STEP_SUCCESS:
                work.succeeded.add(key)
            else:
                work.outputs.pop(key, None)
    return work


def known_state_of(instance: InstanceServices, run: Run) -> KnownState | None:
    """Return what is known before a stored run starts; None for a run that takes up no other.

    Raises:
        RunNotFoundError: A run that it takes up is not stored any more.
    """
    if not _takes_up_parent(run):
        return None
    parent = get_run(instance, run.parent_run_id or "")
    return KnownState(find_earlier_work(instance, parent).known_outputs)


def step_keys_of(job: JobDefinition, instance: InstanceServices, run: Run) -> Sequence[str] | None:
    """Return the keys of the steps that a stored run executes; None when it executes all.

    A run that was made in place of a failed one, by somebody who did not have the job's code, does not say which: those
    that have not succeeded.

    Raises:
        RunNotFoundError: A run that it takes up is not stored any more.
        InvalidArgumentError: Every step has succeeded before, or the run does not fit the job any more.
    """
    if run.step_keys_to_execute is not None or not _takes_up_parent(run):
        return run.step_keys_to_execute
    parent = get_run(instance, run.parent_run_id or "")
    work = find_earlier_work(instance, parent)
    return steps_to_execute(job, ReexecutionOptions.from_failure(parent.run_id), parent, work)


def what_is_left(
    job: JobDefinition, instance: InstanceServices, run: Run
) -> tuple[tuple[str, ...], KnownState]:
    """Return the keys of the steps of a run under way that have not succeeded, and what is known of the others.

    Raises:
        RunNotFoundError: A run that it takes up is not stored any more.
        InvalidArgumentError: The run does not fit the job any more.
    """
    work = find_earlier_work(instance, run)
    names = set(select_ops(job, run.op_selection)) if run.op_selection is not None else set(job.nodes)
    if run.step_keys_to_execute is not None:
        names &= {key.partition("[")[0] for key in run.step_keys_to_execute}
    keys = _not_succeeded(job, names, work)
    return tuple(keys), KnownState(work.known_outputs)


def steps_to_execute(
    job: JobDefinition, options: ReexecutionOptions, parent: Run, work: EarlierWork
) -> list[str]:
    """Return the keys of the steps that a run has to execute which takes up `parent`.

    Raises:
        InvalidArgumentError: The selection does not fit the job; the parent is not over, or every step of it has succeeded;
            or a step needs one that has neither succeeded nor is executed.
    """
    if not parent.is_finished:
        raise InvalidArgumentError(
            f"run {parent.run_id} is {parent.status}: it can be taken up once it is over"
        )
    names = set(select_ops(job, parent.op_selection)) if parent.op_selection is not None else set(job.nodes)
    if options.is_from_failure:
        keys = _not_succeeded(job, names, work)
    elif options.step_selection is not None:
        keys = _chosen(job, options.step_selection, work)
    else:
        keys = [_any_key(job.nodes[name]) for name in job.nodes if name in names]
    if not keys:
        raise InvalidArgumentError(
            f"every step of run {parent.run_id} has succeeded: nothing is left to execute"
        )
    _check_needs(job, keys, work)
    return keys


def get_run(instance: InstanceServices, run_id: str) -> Run:
    """Return a stored run.

    Raises:
        RunNotFoundError: It is not stored.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        raise RunNotFoundError(run_id)
    return run


def _lineage(instance: InstanceServices, run: Run) -> list[Run]:
    """Return the run and those that it took up, the newest first, as far as their work still counts."""
    runs = [run]
    while _takes_up_parent(runs[-1]):
        runs.append(get_run(instance, runs[-1].parent_run_id or ""))
    return runs


def _takes_up_parent(run: Run) -> bool:
    """Tell whether a run reuses what the run before it has come to."""
    return run.parent_run_id is not None and (run.step_keys_to_execute is not None or run.is_resume_retry)


def _executed_again(run: Run, work: EarlierWork) -> Iterable[str] | None:
    """Return the keys of the steps that a run executes, of those that were executed before; None for all."""
    if run.step_keys_to_execute is None and _takes_up_parent(run):
        return [key for key in work.outputs if key not in work.succeeded]
    return run.step_keys_to_execute


def _not_succeeded(job: JobDefinition, names: set[str], work: EarlierWork) -> list[str]:
    given = GivenOutputs(work.known_outputs)
    return [
        key
        for name, node in job.nodes.items()
        if name in names
        for key in _keys_of(node, given, work)
        if key not in work.succeeded
    ]


def _chosen(job: JobDefinition, selection: Selection, work: EarlierWork) -> list[str]:
    texts = selection.split(",") if isinstance(selection, str) else list(selection)
    single = [text.strip() for text in texts if text.strip().endswith("]")]
    names = select_ops(job, [text for text in texts if not text.strip().endswith("]")])
    given = GivenOutputs(work.known_outputs)
    keys = [
        key
        for name in names
        for key in (
            [_any_key(job.nodes[name])]
            if (job.nodes[name].mapped_over or ("",))[0] in names
            else _keys_of(job.nodes[name], given, work)
        )
    ]
    return list(dict.fromkeys([*keys, *single]))


def _keys_of(node: OpNode, given: GivenOutputs, work: EarlierWork) -> list[str]:
    """Return the keys of an op's steps: one for each item of the dynamic output that it is mapped over, if known."""
    if node.mapped_over is None or node.mapped_over[0] not in work.succeeded:
        return [_any_key(node)]
    return [f"{node.name}[{key}]" for key in given.mapping_keys(*node.mapped_over)]


def _any_key(node: OpNode) -> str:
    return node.name if node.mapped_over is None else f"{node.name}[{ANY_KEY}]"


def _check_needs(job: JobDefinition, keys: list[str], work: EarlierWork) -> None:
    executed = set(keys)
    executed_names = {key.partition("[")[0] for key in keys}
    for key in keys:
        name, _, rest = key.partition("[")
        if name not in job.nodes:
            raise InvalidArgumentError(f"job {job.name!r} has no op {name!r}; it has: {', '.join(job.nodes)}")
        mapping_key = rest.removesuffix("]") or None
        for output in job.nodes[name].upstream_outputs:
            needed = output_handle(output, mapping_key).step_key
            is_there = needed in work.succeeded or needed in executed or output.node_name in executed_names
            if not is_there and mapping_key != ANY_KEY and (output.mapped_over is None or mapping_key):
                raise InvalidArgumentError(
                    f"step {key!r} needs step {needed!r}, which has not succeeded: execute that one, too"
                )
