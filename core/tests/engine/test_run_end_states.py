"""How a run ends: decided by what its executor yields and raises, and by what happens to it meanwhile."""

import pytest
from typing_extensions import override

from runrack.definitions.executor import ExecutorDefinition, ExecutorRequirement, executor
from runrack.definitions.job import JobDefinition, job
from runrack.definitions.op import op
from runrack.definitions.reconstructable import reconstructable
from runrack.engine import execute_job, execute_plan, execute_run, execute_step
from runrack.errors import (
    ConfigError,
    ExecutionInterruptedError,
    InvalidArgumentError,
    PluginNotFoundError,
    RunFailedError,
    UnmetExecutorRequirementsError,
)
from runrack.instance.instance import Instance
from runrack.interfaces.executor import Executor, RetryMode
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.event import Event
from runrack.records.event_data import StepFailureData
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus


class ScriptedExecutor(Executor):
    """Yields what a function gives."""

    def __init__(self, script):
        self._script = script

    @property
    @override
    def retries(self):
        return RetryMode.DISABLED

    @override
    def execute(self, plan_context, execution_plan):
        return self._script(plan_context, execution_plan)


@op
def one():
    return 1


@op
def double(number):
    return number * 2


@job
def module_level():
    double(one())


@pytest.fixture
def instance():
    with Instance.ephemeral() as opened:
        yield opened


def run_script(instance, script, **arguments):
    made = JobDefinition(
        "scripted",
        module_level.nodes,
        executor_def=ExecutorDefinition.hardcoded_executor(ScriptedExecutor(script)),
    )
    return execute_job(made, instance, **arguments)


def stored_types(instance, result):
    return [entry.event.event_type.value for entry in instance.all_logs(result.run_id) if entry.event]


def failed_step(key="one"):
    data = StepFailureData(SerializableErrorInfo("Boom: gone\n"))
    return Event(EventType.STEP_FAILURE, "scripted", key, event_specific_data=data)


def test_what_an_executor_yields_becomes_the_log(instance):
    """The events of Executor.execute are stored in their order; an end without a step failure is SUCCESS."""

    def script(context, plan):
        for step in plan.steps:
            yield Event(EventType.STEP_START, context.run.job_name, step.key)
            yield Event(EventType.STEP_SKIPPED, context.run.job_name, step.key)

    result = run_script(instance, script)
    assert stored_types(instance, result) == [
        "RUN_START",
        "STEP_START",
        "STEP_SKIPPED",
        "STEP_START",
        "STEP_SKIPPED",
        "RUN_SUCCESS",
    ]
    assert result.run.status is RunStatus.SUCCESS


def test_an_executor_sees_run_instance_config_and_plan(instance):
    """The plan context gives run, instance and configuration; the plan gives steps after those they need."""
    seen = {}

    def script(context, plan):
        seen.update(run=context.run, instance=context.instance, config=context.run_config)
        seen.update(steps=[(step.key, set(step.upstream_keys)) for step in plan.steps])
        return iter(())

    result = run_script(instance, script, run_config={"execution": {"config": {"any": 1}}})
    assert seen["run"].run_id == result.run_id
    assert seen["instance"] is instance
    assert seen["config"] == {"execution": {"config": {"any": 1}}}
    assert seen["steps"] == [("one", set()), ("double", {"one"})]


def test_events_are_stored_as_they_are_yielded(instance):
    """When the executor goes on after a yield, the event is stored."""
    stored = []

    def script(context, plan):
        yield Event(EventType.STEP_START, "scripted", "one")
        stored.extend(entry.event.event_type for entry in instance.all_logs(context.run.run_id))
        yield Event(EventType.STEP_SKIPPED, "scripted", "one")

    run_script(instance, script)
    assert stored == [EventType.RUN_START, EventType.STEP_START]


def test_steps_can_be_executed_one_by_one(instance):
    """execute_step is what an executor builds on; it runs the step in this process."""

    def script(context, plan):
        for step in plan.steps:
            yield from execute_step(context, step)

    assert run_script(instance, script).success


def test_a_failed_step_ends_the_run_in_failure(instance):
    """RUN_FAILURE names the failed steps and carries the first error; the reason is a tag."""

    def script(context, plan):
        yield failed_step("one")
        yield failed_step("double")

    result = run_script(instance, script)
    (event,) = result.events_of_type("RUN_FAILURE")
    assert event.message == "Steps failed: one, double."
    assert event.event_specific_data.first_step_failure == "one"
    assert event.event_specific_data.error.message == "Boom: gone\n"
    assert result.run.tags["runrack/failure_reason"] == "STEP_FAILURE"


def test_a_failure_that_lies_elsewhere_can_be_raised(instance):
    """With raise_on_error, and no exception in this process, the error says how to find out more."""
    with pytest.raises(RunFailedError, match="runrack events"):
        run_script(instance, lambda context, plan: iter([failed_step()]), raise_on_error=True)


def test_an_exception_of_the_executor_ends_the_run(instance):
    """The reason is RUN_EXCEPTION; a step that was under way does not stay open."""

    def script(context, plan):
        yield Event(EventType.STEP_START, "scripted", "one")
        raise OSError("host gone")

    result = run_script(instance, script)
    assert stored_types(instance, result) == ["RUN_START", "STEP_START", "STEP_FAILURE", "RUN_FAILURE"]
    assert result.run.tags["runrack/failure_reason"] == "RUN_EXCEPTION"
    with pytest.raises(OSError, match="host gone"):
        run_script(instance, script, raise_on_error=True)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ExecutionInterruptedError])
def test_an_interruption_cancels_the_run(instance, interruption):
    """The run goes through CANCELING to CANCELED, its open step ends, and the caller is told."""

    def script(context, plan):
        yield Event(EventType.STEP_START, "scripted", "one")
        raise interruption

    with pytest.raises(ExecutionInterruptedError):
        run_script(instance, script)
    (run,) = instance.get_runs()
    assert run.status is RunStatus.CANCELED
    assert [entry.event.event_type.value for entry in instance.all_logs(run.run_id)] == [
        "RUN_START",
        "STEP_START",
        "STEP_FAILURE",
        "RUN_CANCELING",
        "RUN_CANCELED",
    ]


@pytest.mark.parametrize("end", ["interruption", "exception", "failed step"])
def test_a_run_that_is_being_canceled_ends_canceled(instance, end):
    """Whatever ends a run in CANCELING, it becomes CANCELED, and CANCELING is not said twice."""

    def script(context, plan):
        instance.report_run_canceling(context.run)
        if end == "interruption":
            raise ExecutionInterruptedError
        if end == "exception":
            raise OSError
        yield failed_step()

    if end == "interruption":
        with pytest.raises(ExecutionInterruptedError):
            run_script(instance, script)
    else:
        run_script(instance, script)
    (run,) = instance.get_runs()
    assert run.status is RunStatus.CANCELED
    types = [entry.event.event_type.value for entry in instance.all_logs(run.run_id)]
    assert types.count("RUN_CANCELING") == 1
    assert types[-1] == "RUN_CANCELED"


def test_a_run_that_has_ended_stays_as_it_is_when_interrupted(instance):
    """An interruption after someone else ended the run is an event only."""

    def script(context, plan):
        instance.report_run_failed(context.run)
        raise ExecutionInterruptedError
        yield

    with pytest.raises(ExecutionInterruptedError):
        run_script(instance, script)
    (run,) = instance.get_runs()
    assert run.status is RunStatus.FAILURE
    assert instance.all_logs(run.run_id)[-1].event.event_type is EventType.ENGINE_EVENT


def test_a_run_that_finishes_while_being_canceled_has_succeeded(instance):
    """Work that is complete is not thrown away."""

    def script(context, plan):
        instance.report_run_canceling(context.run)
        yield from execute_plan(context, plan)

    assert run_script(instance, script).run.status is RunStatus.SUCCESS


@pytest.mark.parametrize(
    "requirement", [ExecutorRequirement.NON_EPHEMERAL_INSTANCE, ExecutorRequirement.RECONSTRUCTABLE_JOB]
)
def test_an_unmet_requirement_stops_the_run_before_any_step(instance, requirement):
    """The run ends in FAILURE with exactly one event, or the error is raised on demand."""

    @executor(requirements=[requirement])
    def demanding(context):
        raise AssertionError

    made = JobDefinition("demanding", module_level.nodes, executor_def=demanding)
    result = execute_job(made, instance)
    assert stored_types(instance, result) == ["RUN_FAILURE"]
    assert result.run.tags["runrack/failure_reason"] == "JOB_INITIALIZATION_FAILURE"
    with pytest.raises(UnmetExecutorRequirementsError):
        execute_job(made, instance, raise_on_error=True)


def test_a_creation_function_that_raises_stops_the_run_before_any_step(instance):
    """As for a requirement: one event, JOB_INITIALIZATION_FAILURE, with the user's error."""

    @executor
    def broken(context):
        raise OSError("no cluster")

    made = JobDefinition("broken", module_level.nodes, executor_def=broken)
    result = execute_job(made, instance)
    assert stored_types(instance, result) == ["RUN_FAILURE"]
    assert result.events[0].event_specific_data.error.cause.message == "OSError: no cluster\n"
    with pytest.raises(OSError, match="no cluster"):
        execute_job(made, instance, raise_on_error=True)


def test_the_creation_function_gets_the_reconstructable_job(instance):
    """InitExecutorContext.job is what was given to execute_job."""
    seen = []

    @executor
    def looking(context):
        seen.append(context.job)
        return ScriptedExecutor(lambda plan_context, plan: iter(()))

    made = JobDefinition("looking", module_level.nodes, executor_def=looking)
    execute_job(made, instance)
    assert seen == [made]


def test_steps_run_in_the_context_of_their_executor_only(instance):
    """execute_step refuses a context that is not the one that execute was given."""
    with pytest.raises(InvalidArgumentError, match=r"plan_context that Executor\.execute was given"):
        list(execute_step(object(), None))


class TestBeforeTheRun:
    """What is wrong before anything starts leaves no run behind."""

    def test_a_wrong_run_configuration(self, instance):
        """A ConfigError, and no run."""
        with pytest.raises(ConfigError, match=r"ops\.two: unknown key"):
            execute_job(module_level, instance, {"ops": {"two": {}}})
        assert instance.get_runs_count() == 0

    @pytest.mark.parametrize(
        ("selection", "message"),
        [
            (["three"], "no op 'three' to select; there is: one, double"),
            (["double"], "needs the output of op 'one'"),
        ],
    )
    def test_a_wrong_selection(self, instance, selection, message):
        """An unknown op, or one whose input is not selected."""
        with pytest.raises(InvalidArgumentError, match=message):
            execute_job(module_level, instance, op_selection=selection)
        assert instance.get_runs_count() == 0

    def test_an_executor_that_is_not_installed(self, instance):
        """The run configuration names executors by name."""
        with pytest.raises(PluginNotFoundError, match="in_proces"):
            execute_job(module_level, instance, {"execution": {"executor": "in_proces"}})

    def test_what_is_no_job(self, instance):
        """A function is no job."""
        with pytest.raises(InvalidArgumentError, match="decorate a function with @job"):
            execute_job(lambda: None, instance)


def test_a_selection_runs_some_ops_only(instance):
    """The run says what was selected."""
    result = execute_job(module_level, instance, op_selection=["one"])
    assert [event.step_key for event in result.events_of_type("STEP_SUCCESS")] == ["one"]
    assert result.run.op_selection == ("one",)
    assert result.run.resolved_op_selection == frozenset({"one"})


def test_the_run_has_the_snapshots_of_job_and_plan(instance):
    """What the job and the plan looked like is stored with the run."""
    run = execute_job(module_level, instance).run
    job_snapshot = instance.run_storage.get_snapshot(run.job_snapshot_id)
    plan_snapshot = instance.run_storage.get_snapshot(run.execution_plan_snapshot_id)
    assert job_snapshot == module_level.snapshot
    assert [(step.key, step.upstream_keys) for step in plan_snapshot.steps] == [
        ("one", ()),
        ("double", ("one",)),
    ]


class TestWorkers:
    """execute_run is the worker of a run that is stored already."""

    def new_run(self, instance):
        return instance.create_run(
            job_name="module_level", job_code_origin=reconstructable(module_level).get_code_origin()
        )

    def test_it_runs_a_new_run(self, instance):
        """The job is loaded from the origin and run to its end."""
        assert execute_run(self.new_run(instance), instance).status is RunStatus.SUCCESS

    @pytest.mark.parametrize(
        ("events", "status", "last"),
        [
            (["RUN_CANCELING", "RUN_CANCELED"], RunStatus.CANCELED, "ENGINE_EVENT"),
            (["RUN_START", "RUN_SUCCESS"], RunStatus.SUCCESS, "ENGINE_EVENT"),
            (["RUN_CANCELING"], RunStatus.CANCELED, "RUN_CANCELED"),
            (["RUN_START"], RunStatus.FAILURE, "RUN_FAILURE"),
        ],
    )
    def test_it_leaves_other_runs_alone(self, instance, events, status, last):
        """A finished run is left alone; one that is being canceled is canceled; one that is under way has lost its worker."""
        run = self.new_run(instance)
        for event_type in events:
            instance.report_event(Event(EventType(event_type), run.job_name), run.run_id)
        after = execute_run(instance.get_run_by_id(run.run_id), instance)
        assert after.status is status
        types = [entry.event.event_type.value for entry in instance.all_logs(run.run_id)]
        assert types[-1] == last
        assert "STEP_START" not in types
        if status is RunStatus.FAILURE:
            assert after.tags["runrack/failure_reason"] == "RUN_WORKER_RESTART"
