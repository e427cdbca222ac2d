"""A job that is run in the calling process: values, events, errors."""

import pytest

from runrack.config.vocabulary import Field
from runrack.definitions.executor import executor
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import ExpectationResult, Failure, In, Out, Output
from runrack.definitions.resource import ResourceDefinition, resource
from runrack.errors import (
    ConfigError,
    InvalidArgumentError,
    ResourceAccessError,
    ResourceFunctionError,
    StepOutputError,
    TypeCheckError,
)
from runrack.instance.instance import Instance
from runrack.records.asset import AssetCheckEvaluation, AssetMaterialization, AssetObservation
from runrack.records.event_data import StepFailureData
from runrack.records.metadata import IntMetadata, TextMetadata
from runrack.records.run_status import RunStatus


@op
def one() -> int:
    return 1


@op
def add(left: int, right: int = 10) -> int:
    return left + right


def run_op(definition, *sources, **arguments):
    """Run a job of one op, fed by the ops given, and return the result."""

    @job
    def of_one_op():
        definition(*(source() for source in sources))

    return of_one_op.execute_in_process(**arguments)


def failure_of(result, step_key) -> StepFailureData:
    (event,) = [event for event in result.events_of_type("STEP_FAILURE") if event.step_key == step_key]
    return event.event_specific_data


def test_values_go_from_op_to_op():
    """Outputs reach the inputs that they feed; a default or a constant fills the rest."""

    @job
    def adding():
        add.alias("with_default")(one())
        add.alias("with_constant")(one(), right=5)

    result = adding.execute_in_process()
    assert result.success
    assert result.output_for_node("with_default") == 11
    assert result.output_for_node("with_constant") == 6
    assert result.run.status is RunStatus.SUCCESS


def test_fan_in_keeps_the_order_of_the_list():
    """A list of outputs becomes the list of their values, in its own order."""

    @op(config_schema=int)
    def number(context):
        return context.op_config

    @op
    def gather(numbers: list):
        return numbers

    @job(config={"ops": {name: {"config": index} for index, name in enumerate(("a", "b", "c"))}})
    def gathering():
        made = [number.alias(name)() for name in ("a", "b", "c")]
        gather([made[2], made[0], made[1]])

    assert gathering.execute_in_process().output_for_node("gather") == [2, 0, 1]


def test_what_a_run_is_given_takes_the_place_of_what_the_job_says():
    """For an op, a resource or the execution as a whole; the rest of the job's own configuration counts on."""

    @op(config_schema={"left": Field(int, 0), "right": Field(int, 0)})
    def show(context):
        return context.op_config

    @job(config={"ops": {"one": {"config": {"left": 1, "right": 1}}, "two": {"config": {"left": 2}}}})
    def showing():
        show.alias("one")()
        show.alias("two")()

    result = showing.execute_in_process(run_config={"ops": {"one": {"config": {"right": 3}}}})
    assert result.output_for_node("one") == {"left": 0, "right": 3}
    assert result.output_for_node("two") == {"left": 2, "right": 0}
    assert result.run.run_config == {"ops": {"one": {"config": {"right": 3}}, "two": {"config": {"left": 2}}}}


def test_inputs_come_from_the_run_configuration():
    """An input that nothing feeds takes its value from `ops.NAME.inputs`, before its default."""
    run_config = {"ops": {"add": {"inputs": {"left": {"value": 2}, "right": {"value": 3}}}}}
    assert run_op(add, run_config=run_config).output_for_node("add") == 5


def test_several_outputs():
    """A tuple gives the declared outputs in their order; each has a name of its own."""

    @op(out={"quotient": Out(int), "remainder": Out(int)})
    def divide():
        return 7 // 2, Output(1, "remainder", {"exact": False})

    result = run_op(divide)
    assert result.output_for_node("divide", "quotient") == 3
    assert result.output_for_node("divide", "remainder") == 1
    with pytest.raises(InvalidArgumentError, match=r"it has: divide\.quotient, divide\.remainder"):
        result.output_for_node("divide")


def test_a_generator_gives_outputs_and_facts_as_it_goes():
    """What an op yields about assets becomes events in the order of the yields."""

    @op
    def telling():
        yield AssetMaterialization("table", metadata={"rows": 3})
        yield AssetObservation("table")
        yield AssetCheckEvaluation("table", "not_empty", passed=True)
        yield ExpectationResult(success=False, label="small")
        yield Output(5, metadata={"unit": "m"})

    result = run_op(telling)
    assert [event.event_type.value for event in result.events_for_node("telling")] == [
        "LOGS_CAPTURED",
        "STEP_START",
        "ASSET_MATERIALIZATION",
        "ASSET_OBSERVATION",
        "ASSET_CHECK_EVALUATION",
        "STEP_EXPECTATION_RESULT",
        "STEP_OUTPUT",
        "HANDLED_OUTPUT",
        "STEP_SUCCESS",
    ]
    (output,) = result.events_of_type("STEP_OUTPUT")
    assert output.event_specific_data.metadata == {"unit": TextMetadata("m")}


def test_facts_can_be_told_by_a_function_that_returns():
    """context.log_event and add_output_metadata do for a returning function what yields do for a generator."""

    @op
    def telling(context):
        context.log_event(AssetMaterialization("table"))
        context.add_output_metadata({"rows": 3})
        return 5

    result = run_op(telling)
    assert result.events_of_type("ASSET_MATERIALIZATION")[0].asset_key.to_user_string() == "table"
    (output,) = result.events_of_type("STEP_OUTPUT")
    assert output.event_specific_data.metadata == {"rows": IntMetadata(3)}


def test_an_optional_output_that_is_not_given_skips_what_needs_it():
    """Only the steps that need it are skipped; the run succeeds."""

    @op(out={"even": Out(is_required=False), "odd": Out(is_required=False)})
    def sort_number():
        yield Output(3, "odd")

    @op
    def use(number):
        return number

    @job
    def branching():
        even, odd = sort_number()
        use.alias("use_even")(even)
        use.alias("use_odd")(odd)

    result = branching.execute_in_process()
    assert result.success
    assert [event.step_key for event in result.events_of_type("STEP_SKIPPED")] == ["use_even"]
    assert result.output_for_node("use_odd") == 3


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda: (yield 5), StepOutputError, r"yields an int: yield Output\(value\)"),
        (lambda: (yield Output(1, "other")), StepOutputError, "'other', which it does not declare"),
        (lambda: (yield AssetObservation("x")), StepOutputError, "did not give its output 'result'"),
        (lambda: (yield from [Output(1), Output(2)]), StepOutputError, "'result' twice"),
    ],
)
def test_an_op_that_does_not_give_what_it_declares_fails(function, error, message):
    """The step fails with an error that names the op and the output."""
    with pytest.raises(error, match=message):
        run_op(op(name="wrong")(function))


def test_a_tuple_of_the_wrong_length_fails_the_step():
    """The message lists the outputs that are declared."""

    @op(out={"a": Out(), "b": Out()})
    def wrong():
        return (1,)

    with pytest.raises(StepOutputError, match="a tuple of 2: a, b"):
        run_op(wrong)


def test_an_op_without_outputs_returns_nothing():
    """`out={}` declares none; returning something is told."""
    assert run_op(op(name="silent", out={})(lambda: None)).success
    with pytest.raises(StepOutputError, match="where it declares nothing"):
        run_op(op(name="silent", out={})(lambda: 1))


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (
            op(name="x", out=Out(int))(lambda: "1"),
            "output 'result' of op 'x' is a str, where an int is declared",
        ),
        (
            op(name="x", ins={"n": In(str)})(lambda n: n),
            "input 'n' of op 'x' is an int, where a str is declared",
        ),
    ],
)
def test_types_are_checked_where_values_cross(definition, message):
    """A value of another type than the declared one fails the step."""
    with pytest.raises(TypeCheckError, match=message):
        run_op(definition, *([one] if definition.ins else []))


def test_the_users_exception_is_raised_as_it_is():
    """By default the exception that failed the op reaches the caller."""

    @op
    def broken():
        raise LookupError("no such row")

    with pytest.raises(LookupError, match="no such row"):
        run_op(broken)
    result = run_op(broken, raise_on_error=False)
    assert not result.success
    assert failure_of(result, "broken").error.cause.message == "LookupError: no such row\n"


def test_a_failure_has_description_and_metadata():
    """What an op says by raising Failure is stored with the STEP_FAILURE."""

    @op
    def failing():
        raise Failure("no data today", {"rows": 0})

    result = run_op(failing, raise_on_error=False)
    data = failure_of(result, "failing")
    assert (data.description, data.metadata) == ("no data today", {"rows": IntMetadata(0)})
    with pytest.raises(Failure, match="no data today"):
        run_op(failing)


def test_an_op_that_exits_fails_like_any_other():
    """SystemExit ends the step, not the process."""

    @op
    def leaving():
        raise SystemExit(3)

    result = run_op(leaving, raise_on_error=False)
    assert failure_of(result, "leaving").error.message == "SystemExit: 3\n"
    assert result.run.status is RunStatus.FAILURE


def test_other_branches_go_on_after_a_failure():
    """Only what depends on the failed step is skipped, through any number of steps."""

    @op
    def broken():
        raise ValueError

    @job
    def branching():
        add.alias("third")(add.alias("second")(broken()))
        add.alias("apart")(one())

    result = branching.execute_in_process(raise_on_error=False)
    assert [event.step_key for event in result.events_of_type("STEP_SKIPPED")] == ["second", "third"]
    assert result.output_for_node("apart") == 11


class TestResources:
    """Resources are set up once and torn down in reverse."""

    @pytest.fixture
    def calls(self):
        return []

    @pytest.fixture
    def job_of_two(self, calls):
        @resource(config_schema={"name": Field(str, default_value="plain")})
        def inner(context):
            calls.append(f"up {context.resource_config['name']}")
            yield "inner"
            calls.append("down inner")

        @resource(required_resource_keys={"inner"})
        def outer(context):
            calls.append(f"up outer over {context.resources.inner}")
            yield "outer"
            calls.append("down outer")

        @op(required_resource_keys={"outer"})
        def use(context):
            calls.append(f"use {context.resources.outer}")

        @job(resource_defs={"outer": outer, "inner": inner, "idle": ResourceDefinition(calls.clear)})
        def using():
            use()
            use()

        return using

    def test_order(self, job_of_two, calls):
        """What a resource requires comes before it and goes after it; what nobody requires is not set up."""
        result = job_of_two.execute_in_process()
        assert calls == [
            "up plain",
            "up outer over inner",
            "use outer",
            "use outer",
            "down outer",
            "down inner",
        ]
        assert [event.message for event in result.events_of_type("RESOURCE_INIT_SUCCESS")] == [
            "Resources are set up: inner, outer."
        ]

    def test_replaced_for_one_run(self, job_of_two, calls):
        """`resources=` takes the place of definitions; an unknown key is refused."""
        job_of_two.execute_in_process(resources={"outer": "fake"})
        assert calls == ["use fake", "use fake"]
        with pytest.raises(InvalidArgumentError, match="no resource 'outr'; it has: idle, inner, outer"):
            job_of_two.execute_in_process(resources={"outr": 1})

    def test_configuration_is_checked_before_anything_starts(self, job_of_two, calls):
        """A wrong resource configuration is a ConfigError, and nothing was set up."""
        with pytest.raises(ConfigError, match=r"resources\.inner\.config\.nam: unknown key"):
            job_of_two.execute_in_process(run_config={"resources": {"inner": {"config": {"nam": "x"}}}})
        assert calls == []

    def test_a_resource_that_cannot_be_set_up_ends_the_run(self, calls):
        """The run fails with RESOURCE_INIT_FAILURE, no step starts, and what was set up before is torn down."""

        @resource
        def first():
            yield 1
            calls.append("down first")

        @resource(required_resource_keys={"first"})
        def second(context):
            raise OSError("no route")

        @op(required_resource_keys={"second"})
        def use(context): ...

        @job(resource_defs={"first": first, "second": second})
        def using():
            use()

        result = using.execute_in_process(raise_on_error=False)
        types = [event.event_type.value for event in result.events]
        assert types == ["RUN_START", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_FAILURE", "RUN_FAILURE"]
        assert calls == ["down first"]
        assert result.run.tags["runrack/failure_reason"] == "RUN_EXCEPTION"
        with pytest.raises(OSError, match="no route"):
            using.execute_in_process()

    def test_a_teardown_that_raises_is_told_and_hides_nothing(self, calls):
        """The error becomes an event, the other resources are torn down, and the run keeps its result."""

        @resource
        def first():
            yield 1
            calls.append("down first")

        @resource(required_resource_keys={"first"})
        def second(context):
            yield 2
            raise OSError("no route")

        @op(required_resource_keys={"second"})
        def use(context): ...

        @job(resource_defs={"first": first, "second": second})
        def using():
            use()

        result = using.execute_in_process()
        assert result.success
        assert calls == ["down first"]
        (event,) = result.events_of_type("ENGINE_EVENT")
        assert event.message == "Resource 'second' could not be torn down."
        assert event.event_specific_data.error.cause.message == "OSError: no route\n"

    def test_resources_are_torn_down_after_a_failed_step(self, calls):
        """What follows the yield runs also when an op fails."""

        @resource
        def first():
            yield 1
            calls.append("down first")

        @op(required_resource_keys={"first"})
        def broken(context):
            raise ValueError

        @job(resource_defs={"first": first})
        def using():
            broken()

        assert not using.execute_in_process(raise_on_error=False).success
        assert calls == ["down first"]

    @pytest.mark.parametrize("yields", [0, 2])
    def test_a_generator_yields_once(self, yields):
        """A resource that yields not at all, or twice, is told so."""

        @resource
        def strange():
            yield from range(yields)

        @op(required_resource_keys={"strange"})
        def use(context): ...

        @job(resource_defs={"strange": strange})
        def using():
            use()

        result = using.execute_in_process(raise_on_error=False)
        messages = [
            event.event_specific_data.error.message
            for event in result.events
            if getattr(event.event_specific_data, "error", None)
        ]
        wanted = "ended without a yield" if yields == 0 else "yields more than once"
        assert wanted in messages[0]
        assert result.success is (yields == 2)

    def test_an_op_sees_what_it_requires(self):
        """A resource that the job has and the op does not require is out of its reach."""

        @op
        def reaching(context):
            return context.resources.db

        @job(resource_defs={"db": 5})
        def using():
            reaching()

        with pytest.raises(ResourceAccessError, match="op 'reaching' does not require resource 'db'"):
            using.execute_in_process()

    def test_setup_errors_keep_the_users_stack(self):
        """The stored error has the user's frames only."""

        @resource
        def broken():
            raise OSError("no route")

        @op(required_resource_keys={"broken"})
        def use(context): ...

        @job(resource_defs={"broken": broken})
        def using():
            use()

        result = using.execute_in_process(raise_on_error=False)
        info = result.events_of_type("RESOURCE_INIT_FAILURE")[0].event_specific_data.error
        assert info.cls_name == ResourceFunctionError.__name__
        assert [frame.split(", ")[0].rpartition("/")[2] for frame in info.cause.stack] == [
            'test_execute_in_process.py"'
        ]


def test_the_jobs_own_executor_is_not_used():
    """execute_in_process works whatever executor the job has and however that is configured."""

    @executor(config_schema={"nodes": int})
    def far_away(context):
        raise AssertionError

    @job(executor_def=far_away)
    def distant():
        one()

    run_config = {"execution": {"config": {"nodes": 3}}}
    assert distant.execute_in_process(run_config=run_config).success


def test_the_run_is_stored_on_the_given_instance():
    """Run, tags, configuration and events are stored; the job's tags are joined by the run's."""

    @job(tags={"team": "sums", "tier": "one"})
    def tagged():
        one()

    with Instance.ephemeral() as instance:
        result = tagged.execute_in_process(instance=instance, tags={"tier": "two"})
        stored = instance.get_run_by_id(result.run_id)
        assert stored == result.run
        assert stored.tags == {"team": "sums", "tier": "two"}
        assert [entry.event for entry in instance.all_logs(result.run_id)] == list(result.events)


def test_the_context_knows_run_and_op():
    """The context has run, configuration, tags, step, instance and attempt."""
    seen = {}

    @op(config_schema={"n": int})
    def looking(context):
        seen.update(
            config=context.op_config,
            run_config=context.run_config,
            tags=(context.has_tag("a"), context.get_tag("a"), context.get_tag("b")),
            names=(context.job_name, context.step_key, context.op_name),
            run=context.run.run_id == context.run_id,
            instance=context.instance,
            retry_number=context.retry_number,
        )

    run_config = {"ops": {"looking": {"config": {"n": 1}}}}
    with Instance.ephemeral() as instance:
        run_op(looking, run_config=run_config, tags={"a": "b"}, instance=instance)
    assert seen == {
        "config": {"n": 1},
        "run_config": run_config,
        "tags": (True, "b", None),
        "names": ("of_one_op", "looking", "looking"),
        "run": True,
        "instance": instance,
        "retry_number": 0,
    }


def test_some_of_the_ops():
    """A selection of ops is run in this process as well."""

    @job
    def adding():
        add(one())
        one.alias("other")()

    result = adding.execute_in_process(op_selection="*add")
    assert {event.step_key for event in result.events_of_type("STEP_SUCCESS")} == {"one", "add"}
