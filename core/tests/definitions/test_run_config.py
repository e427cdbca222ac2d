"""The run configuration of a job: what it may hold and what it comes to."""

import pytest

from runrack.config.document import parse_document
from runrack.config.vocabulary import Field
from runrack.definitions.executor import ExecutorDefinition
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.resource import resource
from runrack.definitions.run_config import executor_name, resolve_run_config
from runrack.errors import ConfigError, ConfigMappingError

EXECUTOR = ExecutorDefinition("any", executor_creation_fn=lambda _: None)


@op(config_schema={"count": Field(int, default_value=5), "seed": int}, required_resource_keys={"db"})
def draw(context, limit: int, label: str = "x"): ...


@op
def show(value): ...


@resource(config_schema={"path": str})
def database(context): ...


@resource(config_schema={"host": str})
def unused(context): ...


@job(resource_defs={"db": database, "other": unused})
def drawing():
    show(draw())


GOOD = {
    "ops": {"draw": {"config": {"seed": 7}, "inputs": {"limit": {"value": 3}}}},
    "resources": {"db": {"config": {"path": "a.db"}}},
}


def test_defaults_are_filled_in():
    """Every op and every resource that is needed has its configuration; a resource that no op requires needs none."""
    config = resolve_run_config(drawing, EXECUTOR, GOOD)
    assert config.ops == {"draw": {"count": 5, "seed": 7}, "show": None}
    assert config.resources == {"db": {"path": "a.db"}}
    assert config.inputs == {("draw", "limit"): 3}
    assert config.executor == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ops: {draw: {config: {seed: x}}}", "run.yaml:1:29 ops.draw.config.seed: expected a whole number"),
        ("ops: {drow: {}}", "run.yaml:1:7 ops.drow: unknown key; did you mean 'draw'?"),
        ("{}", "ops.draw.config: is required, but missing"),
        ("{}", "ops.draw.inputs: is required, but missing"),
        ("{}", "resources.db.config: is required, but missing"),
        (
            "ops: {draw: {inputs: {limit: {value: many}}}}",
            "run.yaml:1:38 ops.draw.inputs.limit.value: expected a whole number",
        ),
        ("ops: {show: {inputs: {value: {value: 1}}}}", "ops.show.inputs: unknown key"),
        ("solids: {}", "run.yaml:1:1 solids: unknown key"),
        ("ops: 5", "run.yaml:1:6 ops: expected a mapping"),
    ],
)
def test_problems_have_paths_and_positions(text, problem):
    """A problem is named by its path, and by its position when the configuration comes from a document."""
    document = parse_document(text, "run.yaml")
    with pytest.raises(ConfigError) as caught:
        resolve_run_config(drawing, EXECUTOR, document.value, document)
    assert problem in caught.value.message


def test_references_are_resolved_for_the_run_only(monkeypatch):
    """`{env: NAME}` works in every field; what the job gets is the value."""
    monkeypatch.setenv("DB_PATH", "secret.db")
    run_config = {**GOOD, "resources": {"db": {"config": {"path": {"env": "DB_PATH"}}}}}
    assert resolve_run_config(drawing, EXECUTOR, run_config).resources == {"db": {"path": "secret.db"}}
    assert run_config["resources"] == {"db": {"config": {"path": {"env": "DB_PATH"}}}}


def test_configured_resources_need_nothing():
    """A resource whose configuration is supplied in advance needs none in the run configuration."""

    @job(resource_defs={"db": database.configured({"path": "b.db"})})
    def configured_job():
        draw.configured(lambda outer: {"seed": outer["n"]}, name="draw_n", config_schema={"n": int})()

    run_config = {"ops": {"draw_n": {"config": {"n": 4}, "inputs": {"limit": {"value": 1}}}}}
    config = resolve_run_config(configured_job, EXECUTOR, run_config)
    assert config.resources == {"db": {"path": "b.db"}}
    assert config.ops == {"draw_n": {"count": 5, "seed": 4}}


def test_what_configured_supplies_is_checked():
    """The message says which resource it is that does not fit, and where."""

    @job(resource_defs={"db": database.configured({"path": 5})})
    def wrong_job():
        draw()

    with pytest.raises(
        ConfigError, match=r"configured\(\) supplies to resource 'db'(?s:.*)path: expected text"
    ):
        resolve_run_config(wrong_job, EXECUTOR, {"ops": GOOD["ops"]})


def test_a_config_function_that_raises_names_what_it_configures():
    """It is the user's code, so it arrives as a ConfigMappingError."""

    @job(resource_defs={"db": database.configured(lambda outer: outer["absent"], config_schema={})})
    def wrong_job():
        draw()

    with pytest.raises(ConfigMappingError, match="resource 'db'"):
        resolve_run_config(wrong_job, EXECUTOR, {"ops": GOOD["ops"]})


@pytest.mark.parametrize(
    ("run_config", "name"),
    [
        ({}, None),
        ({"execution": {"executor": "far"}}, "far"),
        ({"execution": 5}, None),
        ({"execution": {"executor": 5}}, None),
    ],
)
def test_the_run_configuration_may_name_an_executor(run_config, name):
    """`execution.executor` names an executor plugin."""
    assert executor_name(run_config) == name


def test_where_there_is_no_executor_its_section_is_left_aside():
    """A process that executes single steps neither checks nor resolves what `execution` says; the rest is as ever."""
    execution = {"executor": "elsewhere", "config": {"token": {"env": "NOT_SET_HERE"}, "other": 1}}
    config = resolve_run_config(drawing, None, {**GOOD, "execution": execution})
    assert config == resolve_run_config(drawing, EXECUTOR, GOOD)
    assert config.executor == {}
