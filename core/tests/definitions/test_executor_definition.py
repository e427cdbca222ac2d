"""Executor definitions: how they are made, configured and turned into executors."""

import pytest
from typing_extensions import override

from runrack.config.vocabulary import Field
from runrack.definitions.executor import (
    ExecutorDefinition,
    ExecutorRequirement,
    InitExecutorContext,
    executor,
)
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.reconstructable import reconstructable
from runrack.definitions.run_config import resolve_run_config
from runrack.errors import (
    ConfigError,
    ConfigMappingError,
    ExecutorCreationError,
    InvalidArgumentError,
    InvalidDefinitionError,
    UnmetExecutorRequirementsError,
)
from runrack.instance.instance import Instance
from runrack.interfaces.executor import Executor, RetryMode


class IdleExecutor(Executor):
    """Executes nothing."""

    @property
    @override
    def retries(self):
        return RetryMode.DISABLED

    @override
    def execute(self, plan_context, execution_plan):
        return iter(())


@op
def work():
    return 1


@job
def small_job():
    work()


@pytest.fixture
def instance():
    with Instance.ephemeral() as opened:
        yield opened


@executor(config_schema={"n": Field(int, default_value=3), "label": Field(str, is_required=False)})
def counting_executor(context):
    """Counts."""
    return IdleExecutor()


def executor_config(definition, config=None):
    run_config = {} if config is None else {"execution": {"config": config}}
    return resolve_run_config(small_job, definition, run_config).executor


def context_for(definition, instance, job=small_job, config=None):
    return InitExecutorContext(job, definition, config or {}, instance)


def test_the_bare_decorator_names_the_definition_after_the_function():
    """`@executor` without arguments makes a definition with the function's name, docstring and no description."""

    @executor
    def plain(context):
        """Say something."""
        return IdleExecutor()

    assert isinstance(plain, ExecutorDefinition)
    assert (plain.name, plain.__doc__, plain.description) == ("plain", "Say something.", None)
    assert plain.__wrapped__ is plain.executor_creation_fn


def test_the_decorator_takes_a_name():
    """`@executor(name=…)` names the definition."""

    @executor(name="swift")
    def plain(context):
        return IdleExecutor()

    assert plain.name == "swift"


def test_a_function_and_arguments_are_not_given_together():
    """`executor(function, config_schema=…)` is refused: arguments make it a decorator."""
    with pytest.raises(InvalidArgumentError, match="takes arguments by name"):
        executor(lambda _: IdleExecutor(), config_schema={"n": int})


def test_the_schema_fills_in_defaults():
    """What the function sees is checked, with defaults; optional fields without one are absent."""
    assert executor_config(counting_executor) == {"n": 3}
    assert executor_config(counting_executor, {"n": 4, "label": "x"}) == {"n": 4, "label": "x"}


def test_config_that_does_not_fit_the_schema_is_refused():
    """The error has the path below `execution.config`."""
    with pytest.raises(ConfigError, match=r"execution\.config\.n: expected a whole number"):
        executor_config(counting_executor, {"n": "many"})


def test_without_a_schema_any_config_is_accepted():
    """A definition without config_schema accepts anything, and gets an empty mapping when nothing is given."""
    definition = ExecutorDefinition("any", executor_creation_fn=lambda _: IdleExecutor())
    assert executor_config(definition, {"whatever": [1]}) == {"whatever": [1]}
    assert executor_config(definition) == {}


def test_requirements_are_a_list_or_a_function_of_the_config():
    """get_requirements gives the list, or what the function says for a configuration."""
    needed = [ExecutorRequirement.NON_EPHEMERAL_INSTANCE]
    fixed = ExecutorDefinition("fixed", requirements=needed, executor_creation_fn=lambda _: IdleExecutor())
    chosen = ExecutorDefinition(
        "chosen",
        requirements=lambda config: needed if config["far"] else [],
        executor_creation_fn=lambda _: IdleExecutor(),
    )
    assert fixed.get_requirements({}) == needed
    assert chosen.get_requirements({"far": True}) == needed
    assert chosen.get_requirements({"far": False}) == []


def test_requirements_are_members_of_the_enum():
    """A string is no requirement."""
    with pytest.raises(InvalidDefinitionError, match="members of ExecutorRequirement"):
        ExecutorDefinition("x", requirements=["fast"], executor_creation_fn=lambda _: IdleExecutor())


def test_the_requirements_enum_has_an_older_name():
    """RECONSTRUCTABLE_PIPELINE is RECONSTRUCTABLE_JOB."""
    assert ExecutorRequirement.RECONSTRUCTABLE_PIPELINE is ExecutorRequirement.RECONSTRUCTABLE_JOB
    assert [member.name for member in ExecutorRequirement] == [
        "RECONSTRUCTABLE_JOB",
        "NON_EPHEMERAL_INSTANCE",
        "PERSISTENT_OUTPUTS",
    ]


def test_a_definition_can_be_made_directly():
    """The constructor takes name, config_schema, requirements, executor_creation_fn and description, and shows them."""

    def create(context):
        return IdleExecutor()

    definition = ExecutorDefinition("direct", {"n": int}, [], create, "Runs directly.")
    assert definition.name == "direct"
    assert definition.config_schema == {"n": int}
    assert definition.executor_creation_fn is create
    assert definition.description == "Runs directly."


def test_required_resource_keys_are_refused():
    """An executor gets no resources: asking for some is an error that says where to ask."""
    with pytest.raises(InvalidDefinitionError, match="put required_resource_keys on the ops"):
        ExecutorDefinition(
            "x", executor_creation_fn=lambda _: IdleExecutor(), required_resource_keys={"database"}
        )


def test_a_creation_function_is_needed():
    """A definition without a function is refused."""
    with pytest.raises(InvalidDefinitionError, match="executor_creation_fn is a function"):
        ExecutorDefinition("x")


def test_configured_leaves_the_original_alone():
    """Configured gives a new definition that inherits name, description, requirements and function."""
    needed = [ExecutorRequirement.PERSISTENT_OUTPUTS]
    original = ExecutorDefinition("x", {"n": int}, needed, lambda _: IdleExecutor(), "Runs.")
    made = original.configured({"n": 7})
    assert made is not original
    assert (made.name, made.description) == ("x", "Runs.")
    assert made.get_requirements({}) == needed
    assert made.executor_creation_fn is original.executor_creation_fn
    assert executor_config(made) == {"n": 7}
    assert executor_config(original, {"n": 1}) == {"n": 1}


def test_configured_takes_a_name_and_a_description():
    """Given name and description win over the original's."""
    made = counting_executor.configured({"n": 7}, name="seven", description="Seven at a time.")
    assert (made.name, made.description) == ("seven", "Seven at a time.")


def test_a_wrong_value_given_to_configured_is_found_when_a_run_is_configured():
    """Configured itself accepts the value; resolving the run configuration names the executor and the key."""
    made = counting_executor.configured({"n": "many"})
    with pytest.raises(
        ConfigError, match=r"configured\(\) supplies to executor 'counting_executor'(?s:.*)n: expected"
    ):
        executor_config(made)


def test_run_config_for_an_executor_that_is_configured_with_a_value_is_ignored():
    """Nothing is left to be configured, so what the run configuration has makes no difference."""
    assert executor_config(counting_executor.configured({"n": 7}), {"n": 1}) == {"n": 7}


def test_configured_with_a_function_maps_outer_to_inner_config():
    """The outer configuration is checked by config_schema, what the function gives by the inner schema."""
    made = counting_executor.configured(lambda outer: {"n": outer["pairs"] * 2}, config_schema={"pairs": int})
    assert executor_config(made, {"pairs": 2}) == {"n": 4}
    with pytest.raises(ConfigError, match=r"execution\.config: is required, but missing"):
        executor_config(made)
    wrong = counting_executor.configured(lambda outer: {"n": "many"}, config_schema={"pairs": int})
    with pytest.raises(ConfigError, match="n: expected a whole number"):
        executor_config(wrong, {"pairs": 2})


def test_configured_with_a_function_and_no_schema_accepts_any_outer_config():
    """Without config_schema the function gets whatever is given."""
    made = counting_executor.configured(lambda outer: {"n": len(outer or [])})
    assert executor_config(made, {"a": 1, "b": 2}) == {"n": 2}
    assert executor_config(made) == {"n": 0}


def test_a_config_function_that_raises_is_the_users_fault():
    """What the function raises arrives as a ConfigMappingError that names the executor."""
    made = counting_executor.configured(lambda outer: 1 / 0)
    with pytest.raises(ConfigMappingError, match="executor 'counting_executor'") as caught:
        executor_config(made)
    assert isinstance(caught.value.user_exception, ZeroDivisionError)


def test_a_value_and_a_schema_are_not_given_together():
    """A value leaves nothing that a schema could describe."""
    with pytest.raises(InvalidDefinitionError, match="only with a function"):
        counting_executor.configured({"n": 1}, config_schema={"x": int})


def test_the_context_has_four_fields_and_is_immutable(instance):
    """The creation function gets job, executor_def, executor_config and instance."""
    context = context_for(counting_executor, instance, config={"n": 3})
    assert context.job is small_job
    assert context.executor_def is counting_executor
    assert context.executor_config == {"n": 3}
    assert context.instance is instance
    with pytest.raises(AttributeError):
        context.instance = None


@pytest.mark.parametrize(
    ("field", "value"),
    [("job", "small_job"), ("executor_def", None), ("executor_config", [1]), ("instance", None)],
)
def test_the_fields_of_the_context_are_checked(instance, field, value):
    """A field of the wrong type is an InvalidArgumentError that names it."""
    fields = {
        "job": small_job,
        "executor_def": counting_executor,
        "executor_config": {},
        "instance": instance,
    }
    with pytest.raises(InvalidArgumentError, match=field):
        InitExecutorContext(**{**fields, field: value})


@pytest.mark.parametrize("missing", ["execute", "retries"])
def test_an_executor_without_its_abstract_members_cannot_be_made(missing):
    """Execute and retries are abstract."""
    members = {"execute": lambda self, context, plan: iter(()), "retries": RetryMode.ENABLED}
    del members[missing]
    with pytest.raises(TypeError, match=missing):
        type("Half", (Executor,), members)()


def test_what_the_creation_function_returns_is_checked(instance):
    """A creation function that returns no Executor is told so before anything runs."""
    definition = ExecutorDefinition("none", executor_creation_fn=lambda _: None)
    with pytest.raises(
        InvalidDefinitionError, match="executor 'none' returned a NoneType: return an Executor"
    ):
        definition.create_executor(context_for(definition, instance))


def test_what_the_creation_function_raises_is_the_users_fault(instance):
    """It arrives as an ExecutorCreationError with the exception."""
    definition = ExecutorDefinition("zero", executor_creation_fn=lambda _: 1 / 0)
    with pytest.raises(ExecutorCreationError, match="executor 'zero' raised") as caught:
        definition.create_executor(context_for(definition, instance))
    assert isinstance(caught.value.user_exception, ZeroDivisionError)


def test_a_hardcoded_executor_is_given_as_it_is(instance):
    """hardcoded_executor wraps an executor in a definition named __executor__."""
    idle = IdleExecutor()
    definition = ExecutorDefinition.hardcoded_executor(idle)
    assert definition.name == "__executor__"
    assert definition.create_executor(context_for(definition, instance)) is idle


@pytest.mark.parametrize(
    ("requirement", "what_to_do"),
    [
        (ExecutorRequirement.RECONSTRUCTABLE_JOB, r"pass reconstructable\(job\)"),
        (ExecutorRequirement.NON_EPHEMERAL_INSTANCE, r"use Instance\.get\(\)"),
        (ExecutorRequirement.PERSISTENT_OUTPUTS, "use the in_process executor"),
    ],
)
def test_an_unmet_requirement_says_what_to_do(instance, requirement, what_to_do):
    """Each requirement that job, instance or values do not meet has a message of its own."""
    definition = ExecutorDefinition(
        "far", requirements=[requirement], executor_creation_fn=lambda _: IdleExecutor()
    )
    with pytest.raises(UnmetExecutorRequirementsError, match=what_to_do):
        definition.create_executor(context_for(definition, instance), persists_outputs=False)


def test_a_reconstructable_job_meets_its_requirement(instance):
    """reconstructable(job) knows where the code lies."""
    definition = ExecutorDefinition(
        "far",
        requirements=[ExecutorRequirement.RECONSTRUCTABLE_JOB],
        executor_creation_fn=lambda _: IdleExecutor(),
    )
    context = context_for(definition, instance, job=reconstructable(small_job))
    assert isinstance(definition.create_executor(context), IdleExecutor)


def test_retry_modes():
    """An inner plan defers what is enabled; configuration selects enabled or disabled."""
    assert [mode.value for mode in RetryMode] == ["enabled", "disabled", "deferred"]
    assert RetryMode.ENABLED.for_inner_plan() is RetryMode.DEFERRED
    assert RetryMode.DISABLED.for_inner_plan() is RetryMode.DISABLED
    assert [(mode.enabled, mode.disabled, mode.deferred) for mode in RetryMode] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert RetryMode.from_config({"enabled": {}}) is RetryMode.ENABLED
    assert RetryMode.from_config({"disabled": {}}) is RetryMode.DISABLED
