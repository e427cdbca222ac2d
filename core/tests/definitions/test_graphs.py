"""Graphs: ops that are used together like one, in jobs and as jobs."""

import pytest

from runrack.config.vocabulary import Field
from runrack.definitions.config_mapping import ConfigMapping
from runrack.definitions.graph import graph
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import In, Nothing, Out
from runrack.definitions.resource import resource
from runrack.errors import ConfigError, ConfigMappingError, InvalidDefinitionError, InvalidInvocationError


@op
def one() -> int:
    return 1


@op
def add(left: int, right: int = 10) -> int:
    return left + right


@op(config_schema={"by": int})
def scale(context, value: int) -> int:
    return value * context.op_config["by"]


@graph
def scaled_sum(value):
    """Adds 10 and scales."""
    return scale(add(value))


@graph
def twice(value):
    return {"first": scaled_sum(value), "second": scaled_sum(add(value))}


def test_a_graph_is_used_like_an_op():
    """The ops of a graph are steps below the graph's name, and so is their configuration."""

    @job
    def graphs():
        scaled_sum(scaled_sum(one()))

    config = {
        "ops": {
            "scaled_sum": {"ops": {"scale": {"config": {"by": 2}}}},
            "scaled_sum_2": {"ops": {"scale": {"config": {"by": 3}}}},
        }
    }
    result = graphs.execute_in_process(config)
    assert list(graphs.nodes) == [
        "one",
        "scaled_sum.add",
        "scaled_sum.scale",
        "scaled_sum_2.add",
        "scaled_sum_2.scale",
    ]
    assert result.output_for_node("scaled_sum.scale") == 22
    assert result.output_for_node("scaled_sum_2.scale") == 96


def test_graphs_nest_and_name_their_outputs():
    """A dictionary that a graph returns becomes a named tuple; graphs in graphs have paths as names."""

    @job(config={"ops": {"twice": {"ops": dict.fromkeys(("scaled_sum", "scaled_sum_2"), SCALE)}}})
    def nested():
        outputs = twice.alias("twice")(one())
        add(outputs.first, outputs.second)

    result = nested.execute_in_process()
    assert result.output_for_node("add") == 11 + 21
    assert "twice.scaled_sum_2.scale" in nested.nodes


SCALE = {"ops": {"scale": {"config": {"by": 1}}}}


def test_what_is_missing_in_a_graph_is_named():
    """A run configuration that lacks an entry of an op in a graph is refused with its path."""

    @job
    def lacking():
        scaled_sum(one())

    with pytest.raises(ConfigError, match=r"ops\.scaled_sum\.ops\.scale"):
        lacking.execute_in_process()


def mapped(config):
    return {"scale": {"config": {"by": config["factor"] + 1}}}


@graph(config=ConfigMapping(mapped, {"factor": Field(int, default_value=4)}))
def mapped_graph(value):
    return scale(value)


def test_a_config_mapping_is_a_graphs_own_configuration():
    """What the mapping accepts stands under the graph; the ops in it take no other configuration."""

    @job
    def mapping():
        mapped_graph(one())
        mapped_graph.configured({"factor": 8}, "fixed")(one())

    result = mapping.execute_in_process({"ops": {"mapped_graph": {"config": {"factor": 6}}}})
    assert result.output_for_node("mapped_graph.scale") == 7
    assert result.output_for_node("fixed.scale") == 9
    with pytest.raises(ConfigError, match="factor"):
        mapping.execute_in_process({"ops": {"mapped_graph": {"config": {"factor": "six"}}}})


def test_a_mapping_that_gives_what_does_not_fit_is_told():
    """What a mapping makes is checked against the ops that it is for."""

    @graph(config=ConfigMapping(lambda _: {"scale": {"config": {"by": "x"}}}))
    def wrong(value):
        return scale(value)

    @job
    def mapping():
        wrong(one())

    with pytest.raises(ConfigError, match="graph 'wrong' does not fit"):
        mapping.execute_in_process()


def test_a_fixed_configuration_of_a_graph():
    """A mapping by name of the op leaves nothing to be configured."""

    @graph(config={"scale": {"config": {"by": 5}}})
    def fixed(value):
        return scale(value)

    @job
    def using():
        fixed(one())

    assert using.execute_in_process().output_for_node("fixed.scale") == 5


def test_a_graph_becomes_a_job():
    """Its ops are the job's; what feeds no input comes from the run configuration."""

    @resource
    def tool():
        return "hammer"

    made = scaled_sum.to_job("made", tags={"team": "a"}, resource_defs={"tool": tool})
    config = {
        "ops": {"add": {"inputs": {"left": {"value": 3}}}, "scale": {"config": {"by": 2}}},
    }
    result = made.execute_in_process(config)
    assert result.output_for_node("scale") == 26
    assert (made.name, made.description, dict(made.tags)) == ("made", "Adds 10 and scales.", {"team": "a"})


def test_a_jobs_config_mapping_makes_the_run_configuration():
    """A run of the job is given the small configuration, which is what is stored; problems name what is wrong in it."""

    def full(config):
        return {"ops": {"scale": {"config": {"by": 28 // config["divisor"]}}}}

    @job(config=ConfigMapping(full, {"divisor": int}))
    def simplified():
        scale(one())

    result = simplified.execute_in_process({"divisor": 4})
    assert result.output_for_node("scale") == 7
    assert result.run.run_config == {"divisor": 4}
    with pytest.raises(ConfigMappingError, match="config function of job 'simplified' raised"):
        simplified.execute_in_process({"divisor": 0})
    with pytest.raises(ConfigError, match="divisor"):
        simplified.execute_in_process({"divisor": "four"})


def test_an_input_of_a_graph_may_be_nothing():
    """An order is passed through a graph."""
    order = []

    @op
    def first():
        order.append("first")

    @op(ins={"start": In(Nothing)})
    def second():
        order.append("second")

    @graph
    def later(start):
        second(start=start)

    @job
    def ordered():
        later(first())

    ordered.execute_in_process()
    assert order == ["first", "second"]


def test_an_output_without_a_value_is_none():
    """An input with a parameter that is fed by an output of type Nothing gets None."""

    @op(out=Out(Nothing))
    def first():
        return None

    @op
    def second(value):
        return [value]

    @job
    def ordered():
        second(first())

    assert ordered.execute_in_process().output_for_node("second") == [None]


def test_a_graph_is_not_called_by_itself():
    """Outside of the body of a job there is nothing that it could belong to."""
    with pytest.raises(InvalidInvocationError, match=r"scaled_sum\.to_job\(\)"):
        scaled_sum(1)


def test_a_graph_returns_outputs():
    """Anything else is refused when the job is defined."""

    @graph
    def wrong():
        return 5

    def body():
        wrong()

    with pytest.raises(InvalidDefinitionError, match="graph 'wrong' returns an int"):
        job(body)
