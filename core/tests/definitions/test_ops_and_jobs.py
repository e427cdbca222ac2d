"""Ops, and what calling them in the body of a job means."""

from typing import Any

import pytest

from runrack.definitions.invoked_output import Constant, FanIn, InvokedOutput
from runrack.definitions.job import JobDefinition, job
from runrack.definitions.op import OpDefinition, op
from runrack.definitions.output import In, Out, Output
from runrack.definitions.resource import ResourceDefinition, resource
from runrack.engine import build_op_context
from runrack.errors import (
    ConfigError,
    InvalidArgumentError,
    InvalidDefinitionError,
    InvalidInvocationError,
    ResourceAccessError,
)


@op
def one() -> int:
    """Give 1."""
    return 1


@op
def add(context, left: int, right: int = 10) -> int:
    return left + right


@op(out={"quotient": Out(int), "remainder": Out(int)})
def divide(number, divisor):
    return divmod(number, divisor)


def test_the_bare_decorator_reads_the_function():
    """`@op` takes name, docstring, inputs, defaults and types from the function; `context` is no input."""
    assert (one.name, one.description) == ("one", "Give 1.")
    assert add.takes_context
    assert dict(add.ins) == {"left": In(int), "right": In(int, 10)}
    assert dict(add.outs) == {"result": Out(int)}


def test_ins_and_out_come_before_annotations():
    """What `ins` and `out` say wins over the function's annotations; the rest is taken from those."""

    @op(name="other", ins={"x": In(str, description="a word")}, out=Out(float), tags={"kind": "text"})
    def f(_context, x: int, y: bool) -> int: ...

    assert dict(f.ins) == {"x": In(str, description="a word"), "y": In(bool)}
    assert dict(f.outs) == {"result": Out(float)}
    assert (f.name, dict(f.tags)) == ("other", {"kind": "text"})


def test_a_generator_says_nothing_about_the_type_of_its_output():
    """The return annotation of a generator function, or Output, is not the type of a value."""

    @op
    def g() -> Output: ...

    assert dict(g.outs) == {"result": Out(Any)}


@pytest.mark.parametrize(
    ("arguments", "function", "message"),
    [
        ({"ins": {"z": In()}}, lambda x: x, "ins has 'z', but the function has no parameter"),
        ({"ins": {"x": int}}, lambda x: x, r"ins\['x'\] is an In"),
        ({"out": int}, lambda: 1, "out is an Out or a mapping"),
        ({}, lambda *values: values, "name every input as a parameter of its own"),
        ({"required_resource_keys": "db"}, lambda: 1, r"write \{'db'\}"),
        ({"name": "not a name"}, lambda: 1, "letters, digits and underscores"),
        ({"name": "class"}, lambda: 1, "cannot be the name of an op"),
    ],
)
def test_an_op_that_is_not_well_formed_is_refused(arguments, function, message):
    """Each mistake in a definition has its own message."""
    with pytest.raises(InvalidDefinitionError, match=message):
        OpDefinition(function, **{"name": "x", **arguments})


def test_coroutine_functions_are_refused():
    """An op is an ordinary function; the message says what to do."""

    async def f(): ...

    with pytest.raises(InvalidDefinitionError, match=r"calls asyncio\.run"):
        op(f)


def test_op_takes_its_arguments_by_name():
    """A first argument that is neither a name nor a function is refused."""
    with pytest.raises(InvalidArgumentError, match="by name"):
        op({"n": int})


def test_calls_in_the_body_of_a_job_connect_ops():
    """Outputs feed inputs, in the order of the calls; values become constants."""

    @job
    def connected():
        add(one(), right=5)

    assert list(connected.nodes) == ["one", "add"]
    assert connected.nodes["add"].inputs == {"left": InvokedOutput("one", "result"), "right": Constant(5)}
    assert connected.nodes["add"].upstream_names == {"one"}


def test_several_outputs_are_a_tuple():
    """An op with several outputs gives one handle for each, in the order in which they are declared."""

    @job
    def dividing():
        quotient, remainder = divide(one(), one())
        add(quotient, remainder)

    assert dividing.nodes["add"].inputs == {
        "left": InvokedOutput("divide", "quotient"),
        "right": InvokedOutput("divide", "remainder"),
    }


def test_an_op_without_outputs_gives_nothing():
    """`out={}` declares no outputs; handing its result on is an error that says so."""

    @op(out={})
    def silent(): ...

    with pytest.raises(InvalidDefinitionError, match="'left' of op 'add' None"):

        @job
        def wrong():
            add(silent())


def test_a_list_of_outputs_fans_in():
    """A list of outputs becomes one input; an op that is called again gets a numbered name."""

    @job
    def gathering():
        add([one(), one(), one.alias("last")()])

    assert list(gathering.nodes) == ["one", "one_2", "last", "add"]
    assert gathering.nodes["add"].inputs["left"] == FanIn(
        tuple(InvokedOutput(name, "result") for name in ("one", "one_2", "last"))
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda: add(one(), one(), one()), "with 3 inputs; it takes left, right"),
        (lambda: add(one(), middle=one()), "the input 'middle', which it does not have"),
        (lambda: add(one(), left=one()), "the input 'left', twice"),
        (lambda: one(1), "it takes no inputs"),
        (lambda: add([one(), 2]), "a list of outputs and other values"),
        (lambda: (one.alias("x")(), one.alias("x")()), "two ops named 'x'"),
        (lambda: list(one()), "nothing runs"),
        (lambda: add(one()) if one() else None, "neither true nor false"),
        (lambda: add(InvokedOutput("elsewhere", "result")), "which another job called"),
    ],
)
def test_a_call_that_does_not_fit_names_the_op(body, message):
    """Each mistake in the body of a job is found when the job is defined."""
    with pytest.raises(InvalidDefinitionError, match=message):
        job(name="wrong")(body)


def test_a_job_takes_no_parameters():
    """What varies between runs is run configuration."""
    with pytest.raises(InvalidDefinitionError, match="what varies is run configuration"):

        @job
        def wrong(n): ...


def test_a_job_is_not_defined_inside_of_another():
    """The body of a job calls ops only."""
    with pytest.raises(InvalidDefinitionError, match="defined inside of job 'outer'"):

        @job
        def outer():
            job(name="inner")(one)


def test_a_missing_resource_is_found_when_the_job_is_defined():
    """The message names the op, the resource and what to add."""

    @op(required_resource_keys={"database"})
    def store(context): ...

    with pytest.raises(InvalidDefinitionError, match="add 'database' to resource_defs"):

        @job
        def wrong():
            store()


def test_plain_values_are_resources():
    """A value in resource_defs that is no definition is the resource itself."""
    made = JobDefinition("x", {}, resource_defs={"limit": 5})
    assert isinstance(made.resource_defs["limit"], ResourceDefinition)
    assert made.resource_defs["limit"]() == 5


def test_resources_that_require_each_other_are_refused():
    """A circle of requirements is shown."""

    @resource(required_resource_keys={"b"})
    def a(context): ...

    @resource(required_resource_keys={"a"})
    def b(context): ...

    with pytest.raises(InvalidDefinitionError, match="a → b → a"):
        JobDefinition("x", {}, resource_defs={"a": a, "b": b})


def test_a_resource_that_requires_an_absent_one_is_refused():
    """The message names both."""

    @resource(required_resource_keys={"b"})
    def a(context): ...

    with pytest.raises(InvalidDefinitionError, match="resource 'a' requires resource 'b'"):
        JobDefinition("x", {}, resource_defs={"a": a})


def test_executor_def_is_a_definition():
    """Anything else is refused with what would do."""
    with pytest.raises(InvalidDefinitionError, match="give an ExecutorDefinition"):
        JobDefinition("x", {}, executor_def="multiprocess")


def test_the_snapshot_shows_ops_and_connections():
    """A job's snapshot has its ops with the outputs that feed each input."""

    @job(description="Adds.", tags={"team": "sums"})
    def snapped():
        add(one())

    snapshot = snapped.snapshot
    assert (snapshot.name, snapshot.description, snapshot.tags) == ("snapped", "Adds.", {"team": "sums"})
    assert [(entry.name, entry.inputs) for entry in snapshot.ops] == [
        ("one", {}),
        ("add", {"left": ("one.result",), "right": ()}),
    ]


class TestDirectCalls:
    """An op that is called outside of a job calls its function."""

    def test_without_context(self):
        """An op that takes no context is called with its inputs, with or without one."""
        assert divide(7, 2) == (3, 1)
        assert divide(build_op_context(), 7, 2) == (3, 1)

    def test_with_context(self):
        """The context comes first, by position or by name."""
        assert add(build_op_context(), 1, 2) == 3
        assert add(context=build_op_context(), left=1) == 11

    def test_the_context_is_needed(self):
        """An op that takes a context says how to make one."""
        with pytest.raises(InvalidInvocationError, match=r"add\(build_op_context\(\), …\)"):
            add()

    def test_config_is_checked(self):
        """op_config is checked against the op's schema, with defaults."""

        @op(config_schema={"n": int, "unit": str})
        def configured_op(context):
            return context.op_config

        made = configured_op.configured({"n": 2, "unit": "m"}, name="metres")
        config = {"n": 1, "unit": "s"}
        assert configured_op(build_op_context(op_config=config)) == config
        assert made(build_op_context()) == {"n": 2, "unit": "m"}
        with pytest.raises(ConfigError, match="n: expected a whole number"):
            configured_op(build_op_context(op_config={"n": "1", "unit": "s"}))

    def test_resources_are_given_and_limited_to_what_is_required(self):
        """The op sees what it requires; anything else names the key to add."""

        @op(required_resource_keys={"db"})
        def reading(context):
            assert context.resources.db == 5
            return context.resources.cache

        with pytest.raises(ResourceAccessError, match="add 'cache' to its required_resource_keys"):
            reading(build_op_context(resources={"db": 5, "cache": 6}))
        with pytest.raises(InvalidInvocationError, match="requires resource 'db'"):
            reading(build_op_context())

    def test_facts_are_kept(self):
        """What the op says through log_event is in the context's facts; anything else is refused."""
        context = build_op_context(tags={"a": "b"})

        @op
        def telling(context):
            context.log.info("said")
            context.add_output_metadata({"rows": 3})
            context.log_event("nothing")

        with pytest.raises(InvalidArgumentError, match="log_event takes an AssetMaterialization"):
            telling(context)
        assert context.facts == []
        assert (context.has_tag("a"), context.get_tag("a"), context.get_tag("b")) == (True, "b", None)
