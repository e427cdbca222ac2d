"""`run` with a choice: some steps, assets, a partition, an earlier run, another executor, or only the plan."""

import json

import pytest

from runrack.records.tags import PARENT_RUN_ID, PARTITION

JOBS = """
import os
from pathlib import Path

from runrack import ConfigMapping, StaticPartitionsDefinition, asset, job, op

HERE = Path(__file__).parent


@op(config_schema={"count": int, "password": str})
def first(context):
    (HERE / "first").touch(exist_ok=False)
    return context.op_config["count"]


@op
def second(value):
    if not (HERE / "repaired").exists():
        raise ValueError("not today")
    return value + 1


@op
def alone():
    return 1


@job
def steps():
    second(first())
    alone()


@job(config=ConfigMapping(lambda config: {}, {}))
def mapped():
    alone()


regions = StaticPartitionsDefinition(["north", "south"])


@asset(partitions_def=regions)
def readings():
    return [4, 8]


@asset(partitions_def=regions)
def mean(readings):
    return sum(readings) / len(readings)
"""

CONFIG = '{"ops": {"first": {"config": {"count": 2, "password": {"env": "HOME"}}}}}'


@pytest.fixture
def file(tmp_path):
    """A Python file with two jobs and two assets."""
    file = tmp_path / "choices.py"
    file.write_text(JOBS)
    return str(file)


def plan_of(runrack, *arguments):
    result = runrack("run", *arguments, "--dry-run", "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def keys(plan):
    return [step["step_key"] for step in plan["steps"]]


def test_a_dry_run_tells_the_plan_and_stores_nothing(runrack, file, instance):
    """The steps, what they need, the executor, the tags, and the configuration with its defaults; no run."""
    plan = plan_of(runrack, f"{file}:steps", "--config-json", CONFIG, "--tag", "team=sea")
    assert keys(plan) == ["first", "second", "alone"]
    assert plan["steps"][1]["needs"] == ["first"]
    assert (plan["job_name"], plan["executor"], plan["tags"]) == ("steps", "in_process", {"team": "sea"})
    assert plan["run_config"]["ops"]["first"] == {"config": {"count": 2, "password": {"env": "HOME"}}}
    assert instance.get_runs_count() == 0


def test_a_dry_run_for_people(runrack, file):
    """The plan is a table; the configuration below it is YAML in which what looks like a secret is masked."""
    config = CONFIG.replace('{"env": "HOME"}', '"hunter2"')
    shown = runrack("run", f"{file}:steps", "--config-json", config, "--dry-run").stdout
    assert shown == (
        "job steps: 3 steps, executor in_process\n\n"
        "STEP    NEEDS  RESOURCES\nfirst\nsecond  first\nalone\n\n"
        "run configuration\n  ops:\n    first:\n      config:\n        count: 2\n        password: '***'\n\n"
        "Nothing was run, and no run was stored.\n"
    )


def test_a_dry_run_checks_the_configuration(runrack, file):
    """What keeps a run from starting keeps a dry run from succeeding."""
    result = runrack("run", f"{file}:steps", "--dry-run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "ops.first.config" in result.stderr


def test_some_of_the_steps(runrack, file):
    """`--steps` takes a selection."""
    plan = plan_of(runrack, f"{file}:steps", "--config-json", CONFIG, "--steps", "*second")
    assert keys(plan) == ["first", "second"]
    result = runrack("run", f"{file}:steps", "--steps", "alone", "--config-json", CONFIG)
    assert result.exit_code == 0
    assert len(json.loads(runrack("runs", "show", "last", "--json").stdout)["steps"]) == 1


def test_a_failed_run_is_taken_up_without_naming_its_job(runrack, file, tmp_path):
    """`--from-failure` finds the code by the earlier run, and executes only what did not succeed."""
    assert runrack("run", f"{file}:steps", "--config-json", CONFIG).exit_code == 1
    failed = json.loads(runrack("runs", "list", "--json").stdout)["runs"][0]["run_id"]
    assert keys(plan_of(runrack, "--from-failure", "last")) == ["second"]
    (tmp_path / "repaired").touch()
    again = runrack("run", "--from-failure", failed[:8], "--json")
    assert (again.exit_code, json.loads(again.stdout)["tags"][PARENT_RUN_ID]) == (0, failed)
    assert keys(plan_of(runrack, "--reexecute", "last", "--steps", "second")) == ["second"]
    assert keys(plan_of(runrack, f"{file}:steps", "--reexecute", failed)) == ["first", "second", "alone"]


def test_another_executor(runrack, file):
    """`--executor` wins over the configuration; what that has for an executor of another name is left out."""
    other = '{"execution": {"executor": "multiprocess", "config": {"max_concurrent": 1}}}'
    plan = plan_of(
        runrack, f"{file}:steps", "--config-json", CONFIG[:-1] + ", " + other[1:], "--executor", "in_process"
    )
    assert plan["run_config"]["execution"]["executor"] == "in_process"
    assert "max_concurrent" not in (plan["run_config"]["execution"]["config"] or {})
    same = '{"execution": {"config": {"max_concurrent": 3}}}'
    plan = plan_of(
        runrack, f"{file}:steps", "--config-json", CONFIG[:-1] + ", " + same[1:], "--executor", "multiprocess"
    )
    assert plan["run_config"]["execution"]["config"]["max_concurrent"] == 3


def test_assets_of_a_file(runrack, file, instance):
    """`--asset` makes assets by key; those that are not selected are loaded."""
    assert keys(plan_of(runrack, file, "--asset", "*mean", "--partition", "north")) == ["readings", "mean"]
    for selection in ("readings", "mean"):
        result = runrack("run", file, "--asset", selection, "--partition", "north", "--json")
        assert (result.exit_code, json.loads(result.stdout)["tags"][PARTITION]) == (0, "north"), result.stderr
    assert [key.to_user_string() for key in instance.get_asset_keys()] == ["mean", "readings"]


def test_other_processes_find_the_assets_that_were_selected(runrack, file):
    """Steps of assets run in processes of their own, and their run is taken up without naming the file."""
    options = ["--partition", "south", "--executor", "multiprocess", "--json"]
    result = runrack("run", file, "--asset", "*mean", *options)
    assert (result.exit_code, json.loads(result.stdout)["job_name"]) == (0, "materialize"), result.stderr
    assert keys(plan_of(runrack, "--reexecute", "last", "--steps", "mean")) == ["mean"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'FILE|MODULE[:JOB]'"),
        (["--asset", "mean", "--from-failure", "last"], "Missing argument"),
        (["FILE:steps", "--from-failure", "last", "--reexecute", "last"], "give one"),
        (["FILE:steps", "--from-failure", "last", "--steps", "a"], "give --reexecute"),
        (["FILE", "--asset", "mean", "--steps", "mean"], "leave out --steps"),
        (["FILE:steps", "--asset", "mean"], "leave out :steps"),
        (["FILE", "--asset", "men"], "did you mean 'mean'?"),
        (["FILE", "--asset", "mean"], "give it a partition_key"),
        (["FILE", "--asset", "mean", "--partition", "west"], "has no partition 'west'"),
        (["FILE:mapped", "--partition", "north"], "has no partitions: leave out --partition"),
        (["FILE:mapped", "--executor", "multiprocess"], "leave out --executor"),
        (["FILE:mapped", "--steps", "nothing"], "there is no op 'nothing' to select"),
        (["FILE:steps", "--executor", "nonesuch"], "no installed executor plugin is named 'nonesuch'"),
    ],
)
def test_choices_that_do_not_fit(runrack, file, arguments, message):
    """What contradicts itself or does not exist is one message and exit code 2; nothing runs."""
    result = runrack("run", *(argument.replace("FILE", file) for argument in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_the_help_groups_the_options(runrack):
    """Options stand under headings; those of no group come last."""
    shown = runrack("run", "--help").stdout
    headings = [line for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["What to run:", "Take up an earlier run:", "How to run it:", "Options:"]
