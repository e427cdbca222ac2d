"""ActiveExecution: which steps may run, learned from events alone."""

import pytest

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import DynamicOut, In, Nothing, Out
from runrack.engine.active_execution import ActiveExecution, StepState
from runrack.engine.plan import build_plan
from runrack.errors import InvalidArgumentError
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.event import Event
from runrack.records.event_data import (
    StepFailureData,
    StepOutputData,
    StepRetryData,
    StepSuccessData,
)
from runrack.records.event_type import EventType
from runrack.records.known_state import KnownOutput, KnownState, OutputHandle

ERROR = SerializableErrorInfo("it broke", (), "ValueError")


@op
def source():
    return 1


@op(ins={"values": In(list)})
def gather(values):
    return values


@op
def double(value):
    return value * 2


@op(out=DynamicOut())
def items():
    yield from ()


@op(out={"left": Out(is_required=False), "right": Out(is_required=False)})
def fork():
    yield from ()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Driver:
    """Tells an ActiveExecution what happens, as an executor's events do."""

    def __init__(self, job_definition, known=None, **selection) -> None:
        self.clock = Clock()
        plan = build_plan(job_definition, **selection)
        self.active = ActiveExecution(plan, "this-run", known, self.clock)

    def ready(self, limit=None):
        return [step.key for step in self.active.take_ready(limit)]

    def blocked(self):
        return [step.key for step in self.active.take_blocked()]

    def note(self, event_type, key, data=None):
        self.active.note(Event(EventType(event_type), "job", key, None, data))

    def give(self, key, output="result", mapping_key=None):
        self.note("STEP_OUTPUT", key, StepOutputData(output, mapping_key))

    def succeed(self, key, *outputs):
        for output in outputs:
            self.give(key, output)
        self.note("STEP_SUCCESS", key, StepSuccessData(1.0))

    def fail(self, key):
        self.note("STEP_FAILURE", key, StepFailureData(ERROR))

    def skip_blocked(self):
        skipped = []
        while blocked := self.blocked():
            for key in blocked:
                self.note("STEP_SKIPPED", key)
            skipped += blocked
        return skipped


@job
def diamond():
    start = source()
    gather([double.alias("left")(start), double.alias("right")(start)])


@job
def fan_out():
    found = items()
    gather(found.map(lambda item: double.alias("again")(double(item))).collect())


def test_steps_become_ready_when_what_they_need_is_given():
    """A step is ready once all that it needs has succeeded; each is handed out once, in the order of the plan."""
    run = Driver(diamond)
    assert run.ready() == ["source"]
    assert run.ready() == []
    run.succeed("source", "result")
    assert run.ready() == ["left", "right"]
    run.succeed("right", "result")
    assert run.ready() == []
    run.succeed("left", "result")
    assert run.ready() == ["gather"]
    assert not run.active.is_complete
    run.succeed("gather", "result")
    assert run.active.is_complete


def test_priority_comes_before_the_order_of_the_plan():
    """The op with the higher number in its tag is handed out first; a limit leaves the rest for later."""

    @op(tags={"runrack/priority": "5"})
    def urgent():
        return 1

    @job
    def mixed():
        source()
        urgent()
        source()

    run = Driver(mixed)
    assert run.ready(limit=2) == ["urgent", "source"]
    assert run.ready() == ["source_2"]


def test_a_step_that_was_put_back_is_handed_out_again():
    """What an executor cannot start just now keeps its turn."""
    run = Driver(diamond)
    (step,) = run.active.take_ready()
    run.active.put_back(step)
    assert run.ready() == ["source"]


def test_steps_behind_a_failure_are_abandoned():
    """What needs a step that failed is to be skipped, and so is what needs that."""
    run = Driver(diamond)
    run.ready()
    run.fail("source")
    assert run.ready() == []
    assert run.skip_blocked() == ["left", "right", "gather"]
    assert run.active.is_complete
    assert run.active.state_of("gather") is StepState.ABANDONED


def test_an_output_that_was_not_given_blocks_what_needs_it():
    """Only the branch behind the optional output that was left out is skipped; nothing counts as failed."""

    @job
    def branching():
        left, right = fork()
        double.alias("on_left")(left)
        double.alias("on_right")(right)

    run = Driver(branching)
    run.ready()
    run.succeed("fork", "right")
    assert run.ready() == ["on_right"]
    assert run.skip_blocked() == ["on_left"]
    assert run.active.state_of("on_left") is StepState.SKIPPED


def test_a_dynamic_output_becomes_one_step_for_each_item():
    """Mapped ops are expanded when the items are known, and run side by side; what collects them waits for all."""
    run = Driver(fan_out)
    assert run.ready() == ["items"]
    for key in ("b", "a"):
        run.give("items", mapping_key=key)
    assert run.ready() == []
    run.succeed("items")
    assert run.ready() == ["double[b]", "double[a]"]
    run.succeed("double[a]", "result")
    assert run.ready() == ["again[a]"]
    run.succeed("double[b]", "result")
    run.succeed("again[a]", "result")
    assert run.ready() == ["again[b]"]
    run.succeed("again[b]", "result")
    (collecting,) = run.active.take_ready()
    assert collecting.key == "gather"
    outputs = run.active.known_state_for(collecting).outputs
    assert [output.handle for output in outputs] == [
        OutputHandle("items", "result", "b"),
        OutputHandle("items", "result", "a"),
        OutputHandle("again[b]", "result"),
        OutputHandle("again[a]", "result"),
    ]


def test_no_items_are_collected_to_an_empty_list():
    """A dynamic output without items leaves nothing to map over, and what collects it runs."""
    run = Driver(fan_out)
    run.ready()
    run.succeed("items")
    assert run.ready() == ["gather"]


def test_a_failed_item_abandons_what_collects():
    """The other items run to their end, what collects them does not run."""
    run = Driver(fan_out)
    run.ready()
    run.give("items", mapping_key="a")
    run.give("items", mapping_key="b")
    run.succeed("items")
    run.ready()
    run.fail("double[a]")
    assert run.skip_blocked() == ["again[a]"]
    run.succeed("double[b]", "result")
    assert run.ready() == ["again[b]"]
    run.succeed("again[b]", "result")
    assert run.skip_blocked() == ["gather"]
    assert run.active.is_complete


def test_a_failed_source_abandons_the_steps_that_were_to_be_expanded():
    """They are skipped under the key that stands for all of them."""
    run = Driver(fan_out)
    run.ready()
    run.fail("items")
    assert run.skip_blocked() == ["double[?]", "again[?]", "gather"]
    assert run.active.is_complete


def test_a_step_is_tried_again_after_its_time():
    """A step that is up for retry is ready once its time has come; what it gave before is forgotten."""
    run = Driver(diamond)
    run.ready()
    run.give("source")
    run.note("STEP_UP_FOR_RETRY", "source", StepRetryData(ERROR, 10.0))
    assert run.ready() == []
    assert run.active.next_retry_in() == 10.0
    assert run.active.previous_attempts("source") == 1
    assert not run.active.given.has(OutputHandle("source", "result"))
    run.clock.now = 10.0
    assert run.ready() == ["source"]
    assert run.active.next_retry_in() is None


def test_an_order_without_values_is_kept():
    """An input of type Nothing is waited for like any other."""

    @op(ins={"start": In(Nothing)})
    def after():
        return 2

    @job
    def ordered():
        after(start=source())

    run = Driver(ordered)
    assert run.ready() == ["source"]
    run.succeed("source", "result")
    assert run.ready() == ["after"]


def test_known_outputs_stand_in_for_steps_outside_of_the_plan():
    """A plan of some steps starts from what earlier runs gave, also in the middle of a dynamic output."""
    known = KnownState(
        tuple(
            KnownOutput(handle, "earlier")
            for handle in (
                OutputHandle("items", "result", "a"),
                OutputHandle("items", "result", "b"),
                OutputHandle("double[a]", "result"),
                OutputHandle("double[b]", "result"),
                OutputHandle("again[a]", "result"),
            )
        )
    )
    run = Driver(fan_out, known, step_keys=["again[b]", "gather"])
    assert run.ready() == ["again[b]"]
    run.succeed("again[b]", "result")
    assert run.ready() == ["gather"]
    assert run.active.given.run_of(OutputHandle("again[a]", "result")) == "earlier"
    assert run.active.given.run_of(OutputHandle("again[b]", "result")) == "this-run"


def test_a_mapped_op_is_expanded_over_known_items():
    """An op that is chosen as a whole runs for every item that an earlier run gave."""
    known = KnownState(
        tuple(KnownOutput(OutputHandle("items", "result", key), "earlier") for key in ("a", "b"))
    )
    run = Driver(fan_out, known, step_keys=["double"])
    assert run.ready() == ["double[a]", "double[b]"]


def test_an_unknown_step_is_refused():
    """A plan of chosen steps names the ops that there are."""
    with pytest.raises(
        InvalidArgumentError, match=r"has no op 'nothing'; it has: items, double, again, gather"
    ):
        build_plan(fan_out, step_keys=["nothing[a]"])
