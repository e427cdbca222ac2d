"""Executors that are wrong on purpose, each with the test that has to reject it; run by test_executor_suite_rejects.py."""

from dataclasses import dataclass

from msgspec.structs import replace

from runrack.definitions.executor import ExecutorDefinition, ExecutorRequirement
from runrack.engine import InProcessExecutor, execute_plan, execute_step
from runrack.errors import ExecutionInterruptedError
from runrack.interfaces.executor import RetryMode
from runrack.records.event import Event
from runrack.records.event_data import StepFailureData
from runrack.records.event_type import EventType
from runrack.testing.builders import ERROR
from runrack.testing.conformance.executor import ExecutorConformance
from runrack.testing.conformance.suite import Ability
from runrack_process.multiprocess import MultiprocessExecutor

REQUIREMENTS = tuple(ExecutorRequirement)


class Twisted(InProcessExecutor):
    """A base for executors that change what they yield."""

    def execute(self, plan_context, execution_plan):
        for event in super().execute(plan_context, execution_plan):
            yield from self.twist(event)


class Drops(Twisted):
    """A base for executors that leave events out."""

    dropped = EventType.HANDLED_OUTPUT

    def twist(self, event):
        return () if event.event_type is self.dropped else (event,)


class DropsOutputs(Drops):
    pass


class DropsSkips(Drops):
    dropped = EventType.STEP_SKIPPED


class DropsStarts(Drops):
    dropped = EventType.STEP_START


class DropsRetries(Drops):
    dropped = EventType.STEP_UP_FOR_RETRY


class DropsCaptures(Drops):
    dropped = EventType.LOGS_CAPTURED


class YieldsTwice(Twisted):
    def twist(self, event):
        again = Event(
            event.event_type, event.job_name, event.step_key, event.message, event.event_specific_data
        )
        return (event, again) if event.event_type is EventType.STEP_START else (event,)


class EndsTheRun(Twisted):
    def twist(self, event):
        yield event
        if event.event_type is EventType.STEP_SUCCESS and event.step_key in {"measure", "independent_2"}:
            yield Event(EventType.RUN_SUCCESS, event.job_name)


class LosesErrors(Twisted):
    def twist(self, event):
        if event.event_type is not EventType.STEP_FAILURE:
            return (event,)
        return (replace(event, event_specific_data=StepFailureData(ERROR)),)


class CountsFailureAsSuccess(Twisted):
    def twist(self, event):
        if event.event_type is not EventType.STEP_FAILURE:
            return (event,)
        return (replace(event, event_type=EventType.STEP_SKIPPED, event_specific_data=None),)


class StartsLate(Twisted):
    """The start of a step comes after the next event."""

    held = None

    def twist(self, event):
        if event.event_type is EventType.STEP_START:
            self.held = event
            return
        yield event
        if self.held is not None:
            yield self.held
            self.held = None


class StopsAtTheFirstFailure(InProcessExecutor):
    def execute(self, plan_context, execution_plan):
        for event in super().execute(plan_context, execution_plan):
            yield event
            if event.event_type is EventType.STEP_FAILURE:
                return


class RaisesAtTheFirstFailure(InProcessExecutor):
    def execute(self, plan_context, execution_plan):
        for event in super().execute(plan_context, execution_plan):
            yield event
            if event.event_type is EventType.STEP_FAILURE:
                raise RuntimeError("a step failed")


class EndsEarly(InProcessExecutor):
    def execute(self, plan_context, execution_plan):
        ends = 0
        for event in super().execute(plan_context, execution_plan):
            yield event
            ends += event.event_type is EventType.STEP_SUCCESS
            if ends == 10:
                return


class GoesBackwards(InProcessExecutor):
    def execute(self, plan_context, execution_plan):
        for step in reversed(execution_plan.steps):
            yield from execute_step(plan_context, step)


class DoesTheFirstHundred(InProcessExecutor):
    def execute(self, plan_context, execution_plan):
        for step in execution_plan.steps[:100]:
            yield from execute_step(plan_context, step)


class RetriesNothing(InProcessExecutor):
    retries = RetryMode.DISABLED


class SwallowsInterruptions(InProcessExecutor):
    def execute(self, plan_context, execution_plan):
        try:
            yield from execute_plan(plan_context, execution_plan)
        except (ExecutionInterruptedError, KeyboardInterrupt):
            return


class SwallowsErrors(InProcessExecutor):
    def execute(self, plan_context, execution_plan):
        try:
            yield from execute_plan(plan_context, execution_plan)
        except Exception:  # noqa: BLE001 - this is what is wrong with it
            return


class IsNoExecutor:
    retries = RetryMode.ENABLED


@dataclass(frozen=True)
class IgnoresTheLimit(MultiprocessExecutor):
    def __post_init__(self):
        object.__setattr__(self, "max_concurrent", 6)


@dataclass(frozen=True)
class EndsWithTheLastStep(MultiprocessExecutor):
    """Kills processes that still tear down their resources."""

    def execute(self, plan_context, execution_plan):
        for event in super().execute(plan_context, execution_plan):
            yield event
            if plan_context.active.is_complete:
                return


@dataclass(frozen=True)
class TellsNoReason(MultiprocessExecutor):
    def execute(self, plan_context, execution_plan):
        for event in super().execute(plan_context, execution_plan):
            if event.event_type is EventType.STEP_FAILURE:
                yield replace(event, event_specific_data=StepFailureData(ERROR))
            else:
                yield event


IN_PROCESS = (
    (DropsOutputs, "test_outputs_are_told_of"),
    (DropsSkips, "test_every_step_ends_as_it_should"),
    (DropsStarts, "test_the_events_of_a_step_are_in_order"),
    (DropsRetries, "test_steps_are_tried_again"),
    (DropsCaptures, "test_output_is_captured"),
    (YieldsTwice, "test_the_events_of_a_step_are_in_order"),
    (EndsTheRun, "test_the_run_begins_and_ends_once"),
    (LosesErrors, "test_errors_are_kept"),
    (CountsFailureAsSuccess, "test_failures_stop_only_what_needs_them"),
    (StartsLate, "test_the_events_of_a_step_are_in_order"),
    (StopsAtTheFirstFailure, "test_failures_stop_only_what_needs_them"),
    (RaisesAtTheFirstFailure, "test_failures_stop_only_what_needs_them"),
    (EndsEarly, "test_every_step_ends_as_it_should"),
    (GoesBackwards, "test_every_step_ends_as_it_should"),
    (DoesTheFirstHundred, "test_many_steps_come_to_their_end"),
    (RetriesNothing, "test_the_definition_gives_an_executor"),
    (SwallowsInterruptions, "test_an_interruption_ends_the_run"),
    (SwallowsErrors, "test_a_resource_that_is_missing_fails_the_run"),
    (IsNoExecutor, "test_the_definition_gives_an_executor"),
)
SEPARATE = (
    (IgnoresTheLimit, REQUIREMENTS, "test_the_limit_is_kept"),
    (EndsWithTheLastStep, REQUIREMENTS, "test_a_resource_is_set_up_and_torn_down"),
    (TellsNoReason, REQUIREMENTS, "test_a_lost_process_has_a_reason"),
)


def suite_of(executor_type, test_name):
    def make_executor(self, limit):
        return ExecutorDefinition("wrong", executor_creation_fn=lambda _: executor_type())

    return type("Suite", (ExecutorConformance,), {"make_executor": make_executor, "rejected_by": test_name})


def separate_suite_of(executor_type, needed, test_name):
    def make_executor(self, limit):
        return ExecutorDefinition(
            "wrong",
            requirements=list(needed),
            executor_creation_fn=lambda _: executor_type(max_concurrent=limit),
        )

    abilities = frozenset({Ability.SEPARATES_PROCESSES, Ability.RUNS_STEPS_AT_ONCE})
    return type(
        "Suite",
        (ExecutorConformance,),
        {"make_executor": make_executor, "rejected_by": test_name, "abilities": abilities},
    )


class WrongSaysItSeparates(ExecutorConformance):
    abilities = frozenset({Ability.SEPARATES_PROCESSES})
    rejected_by = "test_a_lost_process_fails_its_step"

    def make_executor(self, limit):
        return ExecutorDefinition("wrong", executor_creation_fn=lambda _: InProcessExecutor())


WrongAsksForNothing = separate_suite_of(MultiprocessExecutor, (), "test_other_processes_are_asked_for")
globals().update({f"Wrong{each.__name__}": suite_of(each, test) for each, test in IN_PROCESS})
globals().update(
    {f"Wrong{each.__name__}": separate_suite_of(each, needed, test) for each, needed, test in SEPARATE}
)
