"""`job`: the jobs of a file, what they are made of, and their configuration."""

import json
import re

import pytest
from jsonschema import Draft202012Validator

JOBS = '''
from runrack import ConfigMapping, DynamicOut, DynamicOutput, In, Nothing, Out, job, op, resource
from runrack.config import Field


@resource(config_schema={"path": str}, description="Keeps rows.")
def database(context):
    return context.resource_config["path"]


@op(config_schema={"count": Field(int, default_value=5, description="How many"), "seed": int}, out=DynamicOut(int))
def draw(context):
    for number in range(context.op_config["count"]):
        yield DynamicOutput(number, mapping_key=str(number))


@op(out={"low": Out(int), "high": Out(int)})
def split(number: int):
    return number, number


@op(ins={"after": In(Nothing)}, required_resource_keys={"database"})
def store(low: list, limit: int):
    assert limit == 0


@job(resource_defs={"database": database}, tags={"team": "sea"})
def drawing():
    """Draws numbers.

    Many.
    """
    lows = draw().map(lambda number: split(number)[0])
    store(lows.collect())


@job(config=ConfigMapping(lambda config: {"ops": {"draw": {"config": config}}}, {"seed": int}))
def simple():
    draw()
'''

OFFERING = """
from runrack import job, op
from runrack.definitions.definitions import Definitions


@op
def one():
    return 1


def make(job_name):
    @job(name=job_name)
    def made():
        one()

    return made


offered = Definitions(jobs=[make("north"), make("south")])
"""


@pytest.fixture
def file(tmp_path):
    """A Python file with two jobs."""
    file = tmp_path / "drawing.py"
    file.write_text(JOBS)
    return str(file)


def test_the_jobs_of_a_file(runrack, file):
    """Each job is listed in the order of the code, with the first line of its description."""
    assert runrack("job", "list", file).stdout == (
        "JOB      STEPS  PARTITIONS  DESCRIPTION\ndrawing  3                  Draws numbers.\nsimple   1\n"
    )
    listed = json.loads(runrack("job", "list", f"{file}:simple", "--json").stdout)
    assert listed == {
        "jobs": [{"name": "simple", "description": None, "steps": 1, "has_partitions": False, "tags": {}}]
    }


def test_a_job_is_shown_with_what_connects_its_steps(runrack, file):
    """Inputs with the outputs that feed them, outputs with their types, resources."""
    lines = runrack("job", "show", f"{file}:drawing").stdout.splitlines()
    assert lines[:5] == ["job drawing", "Draws numbers.", "", "Many.", "tag team=sea"]
    assert [re.split("  +", line) for line in lines[6:10]] == [
        ["STEP", "INPUTS", "OUTPUTS", "RESOURCES"],
        ["draw", "result: int…"],
        ["split", "number ← draw", "low: int, high: int"],
        ["store", "low ← split.low; limit; after", "result: Any", "database"],
    ]
    assert lines[11:] == ["RESOURCE  DESCRIPTION", "database  Keeps rows."]


def test_a_job_for_programs(runrack, file):
    """The JSON of a job has the fields that docs/cli.md lists."""
    shown = json.loads(runrack("job", "show", f"{file}:drawing", "--json").stdout)
    assert list(shown) == [
        "name",
        "description",
        "tags",
        "executor",
        "has_partitions",
        "steps",
        "resources",
    ]
    assert shown["steps"][2]["inputs"]["low"] == {"type": "list", "from": ["split.low"]}
    assert shown["resources"] == [{"key": "database", "description": "Keeps rows."}]


def test_the_schema_of_the_run_configuration(runrack, file):
    """An editor finds with it what the job does not accept."""
    schema = json.loads(runrack("job", "schema", f"{file}:drawing").stdout)
    validator = Draft202012Validator(schema)
    good = {
        "ops": {"draw": {"config": {"seed": 1}}, "store": {"inputs": {"limit": {"value": 0}}}},
        "resources": {"database": {"config": {"path": "x"}}},
    }
    assert validator.is_valid(good)
    assert not validator.is_valid(good | {"ops": {"draw": {"config": {"sed": 1}}}})
    assert not validator.is_valid({"execution": {"executor": "multiprocess"}, **good})
    mapped = json.loads(runrack("job", "schema", f"{file}:simple").stdout)
    assert list(mapped["properties"]) == ["seed"]


@pytest.mark.parametrize("options", [[], ["--executor", "multiprocess"]])
def test_a_scaffold_fits_the_job_as_it_stands(runrack, file, tmp_path, options):
    """The configuration that is printed runs the job without a change."""
    run_yaml = tmp_path / "run.yaml"
    run_yaml.write_text(runrack("job", "scaffold", f"{file}:drawing", *options).stdout)
    result = runrack("run", f"{file}:drawing", "-c", str(run_yaml), "--dry-run", "--json")
    assert result.exit_code == 0, result.stderr
    plan = json.loads(result.stdout)
    assert plan["executor"] == (options or ["", "in_process"])[1]
    assert plan["run_config"]["ops"]["draw"] == {"config": {"count": 5, "seed": 0}}


def test_a_scaffold_says_what_each_setting_is(runrack, file):
    """Required ones with a value of their type, others commented out; a job with a ConfigMapping has that one's."""
    lines = runrack("job", "scaffold", f"{file}:drawing").stdout.splitlines()
    assert lines[:9] == [
        "# The run configuration of job drawing.",
        "ops:",
        "  draw:",
        "    config:",
        "      # count: 5  # a whole number; How many",
        "      seed: 0  # required; a whole number",
        "  store:",
        "    inputs:",
        "      limit:",
    ]
    assert runrack("job", "scaffold", f"{file}:simple").stdout == (
        "# The run configuration of job simple.\nseed: 0  # required; a whole number\n"
    )


@pytest.mark.parametrize("command", ["list", "show", "schema", "scaffold"])
@pytest.mark.parametrize(
    ("target", "message"),
    [("nonesuch.py", "there is no such file"), ("FILE:drawin", "did you mean 'drawing'?")],
)
def test_a_job_that_is_not_there(runrack, file, command, target, message):
    """What is wrong with the target is said, and the exit code is 2."""
    result = runrack("job", command, target.replace("FILE", file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize("command", ["schema", "scaffold"])
def test_an_executor_that_cannot_be_used(runrack, file, command):
    """An unknown executor, or one for a job that chooses it itself, is refused."""
    unknown = runrack("job", command, f"{file}:drawing", "--executor", "nonesuch")
    assert (unknown.exit_code, "is named 'nonesuch'" in unknown.stderr) == (2, True)
    chosen = runrack("job", command, f"{file}:simple", "--executor", "multiprocess")
    assert (chosen.exit_code, "leave out --executor" in chosen.stderr) == (2, True)


def test_jobs_that_only_definitions_offer(runrack, tmp_path):
    """A job that is bound to no name, but part of the Definitions of its file, is listed and run."""
    file = tmp_path / "offering.py"
    file.write_text(OFFERING)
    listed = json.loads(runrack("job", "list", str(file), "--json").stdout)
    assert [job["name"] for job in listed["jobs"]] == ["north", "south"]
    assert runrack("run", f"{file}:south").exit_code == 0
    assert runrack("run", "--reexecute", "last").exit_code == 0
