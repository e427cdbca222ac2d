"""Steps that are tried again, and hooks after steps."""

import pytest

from runrack.definitions.executor import ExecutorDefinition
from runrack.definitions.hook import failure_hook, success_hook
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import DynamicOut, DynamicOutput, Failure
from runrack.definitions.retry_policy import Backoff, Jitter, RetryPolicy, RetryRequested
from runrack.engine.execution import execute_job
from runrack.engine.in_process_executor import InProcessExecutor
from runrack.engine.step_execution import execute_step
from runrack.errors import InvalidArgumentError, InvalidDefinitionError
from runrack.instance.instance import Instance
from runrack.interfaces.executor import Executor, RetryMode


@pytest.fixture
def ephemeral():
    with Instance.ephemeral() as opened:
        yield opened


STEP_TYPES = (
    "STEP_START",
    "STEP_RESTARTED",
    "STEP_UP_FOR_RETRY",
    "STEP_SUCCESS",
    "STEP_FAILURE",
    "STEP_SKIPPED",
)


def steps_of(result):
    return [(event.step_key, event.event_type) for event in result.events if event.event_type in STEP_TYPES]


def types_of(result, *types):
    return [event.event_type for event in result.events if event.event_type in (types or STEP_TYPES)]


class Flaky:
    """An op that raises the first times that it is called."""

    def __init__(self, failures, error=None, **arguments) -> None:
        self.seen = []
        raised = error or ValueError("not yet")

        @op(**arguments)
        def flaky(context):
            self.seen.append(context.retry_number)
            if len(self.seen) <= failures:
                raise raised
            return len(self.seen)

        self.op = flaky

    def run(self, raise_on_error=False, **arguments):
        @job(**arguments)
        def of_flaky():
            self.op()

        return of_flaky.execute_in_process(raise_on_error=raise_on_error)


class TestPolicy:
    @pytest.mark.parametrize(
        ("policy", "delays"),
        [
            (RetryPolicy(3), [0.0, 0.0, 0.0]),
            (RetryPolicy(3, delay=2), [2.0, 2.0, 2.0]),
            (RetryPolicy(3, delay=2, backoff=Backoff.LINEAR), [2.0, 4.0, 6.0]),
            (RetryPolicy(3, delay=2, backoff=Backoff.EXPONENTIAL), [2.0, 6.0, 14.0]),
            (RetryPolicy(3, delay=2, backoff="linear", jitter=Jitter.FULL), [0.5, 1.0, 1.5]),
            (RetryPolicy(3, delay=2, backoff="linear", jitter="plus_minus"), [1.0, 3.0, 5.0]),
        ],
    )
    def test_delays(self, policy, delays):
        """Backoff lets the delay grow; jitter spreads it, here with chance at a quarter."""
        assert [policy.seconds_before(retry, lambda: 0.25) for retry in (1, 2, 3)] == delays

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"max_retries": -1}, "0 or more"),
            ({"delay": -1.0}, "number of seconds"),
            ({"jitter": Jitter.FULL}, "needs a delay"),
        ],
    )
    def test_refused(self, arguments, message):
        """A policy that says nothing sensible is refused."""
        with pytest.raises(InvalidArgumentError, match=message):
            RetryPolicy(**arguments)

    def test_an_op_wants_a_policy(self):
        """A number is no policy."""
        with pytest.raises(InvalidDefinitionError, match="retry_policy of op 'flaky' is an int"):
            Flaky(0, retry_policy=3)


class TestRetries:
    def test_until_it_succeeds(self):
        """A step is tried again under its policy; the op knows how often it was tried."""
        flaky = Flaky(2, retry_policy=RetryPolicy(max_retries=2))
        result = flaky.run()
        assert result.success
        assert flaky.seen == [0, 1, 2]
        assert types_of(result) == [
            "STEP_START",
            "STEP_UP_FOR_RETRY",
            "STEP_RESTARTED",
            "STEP_UP_FOR_RETRY",
            "STEP_RESTARTED",
            "STEP_SUCCESS",
        ]
        assert result.output_for_node("flaky") == 3

    def test_until_the_policy_ends(self):
        """A step that fails once more than its policy allows has failed; so has the run, with the op's exception."""
        flaky = Flaky(5, retry_policy=RetryPolicy(max_retries=1))
        with pytest.raises(ValueError, match="not yet"):
            flaky.run(raise_on_error=True)
        assert flaky.seen == [0, 1]

    def test_the_jobs_policy(self):
        """An op without a policy has the job's; its own comes first."""
        assert Flaky(1).run(retry_policy=RetryPolicy(1)).success
        assert not Flaky(1, retry_policy=RetryPolicy(0)).run(retry_policy=RetryPolicy(1)).success

    def test_with_retry_policy(self):
        """The policy can be given to an op that is there already."""
        flaky = Flaky(1)
        flaky.op = flaky.op.with_retry_policy(RetryPolicy(1))
        assert flaky.run().success

    def test_on_request(self):
        """The op itself can ask to be tried again, without a policy, so many times."""
        assert Flaky(2, RetryRequested(max_retries=2)).run().success
        assert not Flaky(3, RetryRequested(max_retries=2)).run().success

    def test_a_failure_that_allows_no_retries(self):
        """An op can say that trying again is of no use."""
        flaky = Flaky(1, Failure("hopeless", allow_retries=False), retry_policy=RetryPolicy(3))
        assert not flaky.run().success
        assert flaky.seen == [0]

    def test_others_go_on_meanwhile(self):
        """While a step waits to be tried again, the executor executes others."""
        flaky = Flaky(1, retry_policy=RetryPolicy(1, delay=0.01))

        @op
        def other():
            return 1

        @job
        def two():
            flaky.op()
            other()

        assert steps_of(two.execute_in_process())[1:] == [
            ("flaky", "STEP_UP_FOR_RETRY"),
            ("other", "STEP_START"),
            ("other", "STEP_SUCCESS"),
            ("flaky", "STEP_RESTARTED"),
            ("flaky", "STEP_SUCCESS"),
        ]

    def test_disabled(self, ephemeral):
        """An executor whose retries are disabled tries nothing again."""
        flaky = Flaky(1, retry_policy=RetryPolicy(1))
        result = run_with(flaky, InProcessExecutor(RetryMode.DISABLED), ephemeral)
        assert types_of(result) == ["STEP_START", "STEP_FAILURE"]

    def test_an_executor_that_executes_steps_one_by_one(self, ephemeral):
        """`execute_step` tries again by itself."""
        flaky = Flaky(1, retry_policy=RetryPolicy(1))
        assert run_with(flaky, OneByOne(RetryMode.ENABLED), ephemeral).success

    def test_left_to_somebody_else(self, ephemeral):
        """A step that nobody tries again in the end has failed."""
        flaky = Flaky(1, retry_policy=RetryPolicy(1))
        result = run_with(flaky, OneByOne(RetryMode.DEFERRED), ephemeral)
        assert types_of(result) == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_FAILURE"]
        assert not result.success


class OneByOne(Executor):
    """Executes the steps as they stand in the plan."""

    def __init__(self, retries) -> None:
        self._retries = retries

    @property
    def retries(self):
        return self._retries

    def execute(self, plan_context, execution_plan):
        for step in execution_plan.steps:
            yield from execute_step(plan_context, step)


def run_with(flaky, executor, instance):
    @job(executor_def=ExecutorDefinition.hardcoded_executor(executor))
    def of_flaky():
        flaky.op()

    return execute_job(of_flaky, instance)


def test_steps_one_by_one_with_dynamic_outputs(ephemeral):
    """An executor that knows nothing of dynamic outputs executes the mapped steps where they stand in the plan."""

    @op(out=DynamicOut())
    def numbers():
        for number in (1, 2):
            yield DynamicOutput(number, str(number))

    @op
    def double(number):
        return 2 * number

    @op
    def total(found):
        return sum(found)

    @job(executor_def=ExecutorDefinition.hardcoded_executor(OneByOne(RetryMode.ENABLED)))
    def dynamic():
        total(numbers().map(double).collect())

    result = execute_job(dynamic, ephemeral)
    assert result.success
    assert [key for key, event_type in steps_of(result) if event_type == "STEP_SUCCESS"] == [
        "numbers",
        "double[1]",
        "double[2]",
        "total",
    ]


class TestHooks:
    def test_called_after_the_step(self):
        """A success hook is called after success, a failure hook after failure, once the step is over."""
        calls = []

        @success_hook
        def happy(context):
            calls.append(
                (context.hook_name, context.step_key, context.op_output_values, context.op_exception)
            )

        @failure_hook(name="sad", required_resource_keys={"bell"})
        def unhappy(context):
            calls.append((context.hook_name, context.step_key, context.resources.bell, context.op_exception))

        @op
        def good():
            return 5

        error = ValueError("bad")

        @op
        def bad():
            raise error

        @job(hooks={happy, unhappy}, resource_defs={"bell": "ding"})
        def hooked():
            good()
            bad()

        result = hooked.execute_in_process(raise_on_error=False)
        assert calls == [("happy", "good", {"result": 5}, None), ("sad", "bad", "ding", error)]
        assert types_of(result, "STEP_SUCCESS", "STEP_FAILURE", "HOOK_COMPLETED", "HOOK_SKIPPED") == [
            "STEP_SUCCESS",
            "HOOK_SKIPPED",
            "HOOK_COMPLETED",
            "STEP_FAILURE",
            "HOOK_COMPLETED",
            "HOOK_SKIPPED",
        ]

    def test_one_that_raises(self):
        """A hook that raises is told in an event, and neither the step nor the run fails."""

        @success_hook
        def broken(_context):
            raise ValueError("no bell")

        @op
        def good():
            return 5

        @job
        def hooked():
            good.with_hooks({broken})()

        result = hooked.execute_in_process()
        (event,) = result.events_of_type("HOOK_ERRORED")
        assert result.success
        assert "no bell" in event.event_specific_data.error.cause.message

    def test_not_before_the_last_try(self):
        """A step that is tried again is not over: no hook is called."""
        calls = []

        @failure_hook
        def sad(context):
            calls.append(context.step_key)

        assert Flaky(1, retry_policy=RetryPolicy(1)).run(hooks={sad}).success
        assert calls == []

    def test_what_is_no_hook(self):
        """A plain function is refused, and so is one that does not take the context."""
        with pytest.raises(InvalidDefinitionError, match="holds a builtin_function_or_method"):
            Flaky(0).run(hooks={len})
        with pytest.raises(InvalidDefinitionError, match="one argument"):
            success_hook(lambda: None)

    def test_the_resource_of_a_hook_is_needed(self):
        """A job without it is refused when it is defined."""

        @success_hook(required_resource_keys={"bell"})
        def ring(_context): ...

        with pytest.raises(InvalidDefinitionError, match="requires resource 'bell'"):
            Flaky(0).run(hooks={ring})
