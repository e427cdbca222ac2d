"""Runs that take up an earlier one: what is executed again, and what is reused."""

import os

import pytest

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import DynamicOut, DynamicOutput
from runrack.definitions.reconstructable import ReconstructableJob
from runrack.engine.execution import execute_job, execute_run
from runrack.engine.prepared_job import prepare_reexecution
from runrack.engine.reexecution import ReexecutionOptions
from runrack.errors import InvalidArgumentError, RunNotFoundError
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.run import JobCodeOrigin

CALLS: list[str] = []
BROKEN: set[str] = set()


@pytest.fixture
def instance(tmp_path):
    CALLS.clear()
    BROKEN.clear()
    with Instance.local_temp(tmp_path) as opened:
        yield opened


def call(name):
    CALLS.append(name)
    if name in BROKEN or name in os.environ.get("BROKEN_OPS", "").split(","):
        raise ValueError(name)


@op
def one():
    call("one")
    return len(CALLS)


@op
def middle(value):
    call("middle")
    return [value]


@op
def last(values):
    call("last")
    return values


@job(tags={"team": "a"})
def chain():
    last(middle(one()))


@op(out=DynamicOut())
def items():
    call("items")
    for key in "abc":
        yield DynamicOutput(key.upper(), key)


@op
def each(item):
    call(item)
    return item * 2


@op
def collect(found):
    call("collect")
    return found


@job
def fan_out():
    collect(items().map(each).collect())


def run_broken(job_definition, instance, *broken):
    BROKEN.update(broken)
    result = execute_job(job_definition, instance)
    BROKEN.clear()
    CALLS.clear()
    return result


def take_up(job_definition, instance, options, **arguments):
    CALLS.clear()
    return execute_job(job_definition, instance, reexecution_options=options, **arguments)


def test_from_failure_executes_what_has_not_succeeded(instance):
    """Steps that succeeded are not executed again: their values are loaded from the earlier run."""
    parent = run_broken(chain, instance, "middle")
    result = take_up(chain, instance, ReexecutionOptions.from_failure(parent.run_id))
    assert result.success
    assert CALLS == ["middle", "last"]
    run = result.run
    assert run.step_keys_to_execute == ("middle", "last")
    assert (run.parent_run_id, run.root_run_id) == (parent.run_id, parent.run_id)
    assert run.is_resume_retry
    assert run.tags["team"] == "a"
    assert run.tags["runrack/parent_run_id"] == parent.run_id


def test_a_run_is_taken_up_again_and_again(instance):
    """What several runs together have come to counts; each value comes from the run that gave it."""
    first = run_broken(chain, instance, "middle")
    BROKEN.add("last")
    second = take_up(chain, instance, ReexecutionOptions.from_failure(first.run_id))
    BROKEN.clear()
    third = take_up(chain, instance, ReexecutionOptions.from_failure(second.run_id))
    assert third.success
    assert CALLS == ["last"]
    assert (third.run.parent_run_id, third.run.root_run_id) == (second.run_id, first.run_id)


def test_single_items_are_executed_again(instance):
    """Of an op that is mapped over a dynamic output, only the steps that failed are executed again."""
    parent = run_broken(fan_out, instance, "B")
    result = take_up(fan_out, instance, ReexecutionOptions.from_failure(parent.run_id))
    assert result.success
    assert CALLS == ["B", "collect"]
    assert result.run.step_keys_to_execute == ("each[b]", "collect")
    loaded = [event.event_specific_data for event in result.events_of_type("LOADED_INPUT")]
    assert [data.upstream_step_key for data in loaded] == ["items", "each[a]", "each[b]", "each[c]"]


def test_steps_behind_a_dynamic_output_that_failed(instance):
    """Nothing is known of its items: all steps behind it are executed."""
    parent = run_broken(fan_out, instance, "items")
    result = take_up(fan_out, instance, ReexecutionOptions.from_failure(parent.run_id))
    assert result.success
    assert CALLS == ["items", "A", "B", "C", "collect"]


@pytest.mark.parametrize(
    ("selection", "calls"),
    [
        ("each", ["A", "B", "C"]),
        ("each[b]", ["B"]),
        (["each[b]", "collect"], ["B", "collect"]),
        ("items+", ["items", "A", "B", "C"]),
        ("collect", ["collect"]),
        (None, ["items", "A", "B", "C", "collect"]),
    ],
)
def test_chosen_steps_are_executed_again(instance, selection, calls):
    """The others' values are reused, also those of single items."""
    parent = run_broken(fan_out, instance)
    result = take_up(fan_out, instance, ReexecutionOptions(parent.run_id, selection))
    assert result.success
    assert calls == CALLS
    assert not result.run.is_resume_retry


def test_a_worker_takes_it_up_as_well(instance):
    """A run that is stored first and executed by a worker later knows what it takes up."""
    parent = run_broken(chain, instance, "last")
    origin = ReconstructableJob(JobCodeOrigin("chain", "chain", file=__file__))
    prepared = prepare_reexecution(origin, instance, ReexecutionOptions.from_failure(parent.run_id))
    run = execute_run(prepared.create_run(instance), instance)
    assert run.is_success
    assert run.step_keys_to_execute == ("last",)


def replace_failed(instance, parent, job_name):
    """Execute a run made in place of a failed one by somebody who does not know which of its steps are left."""
    run = instance.create_run(
        job_name=job_name,
        root_run_id=parent.root_run_id or parent.run_id,
        parent_run_id=parent.run_id,
        tags={"runrack/is_resume_retry": "true"},
        job_code_origin=JobCodeOrigin(job_name, job_name, file=__file__),
    )
    return execute_run(run, instance)


def started_steps(instance, run):
    return [entry.step_key for entry in instance.all_logs(run.run_id, of_type=EventType.STEP_START)]


def test_a_worker_finds_out_which_steps_are_left(instance, monkeypatch):
    """A run made in place of a failed one executes what is left of all runs before; so does the one in its own place."""
    parent = run_broken(fan_out, instance, "B").run
    monkeypatch.setenv("BROKEN_OPS", "collect")
    second = replace_failed(instance, parent, "fan_out")
    assert (second.is_failure, started_steps(instance, second)) == (True, ["each[b]", "collect"])
    monkeypatch.delenv("BROKEN_OPS")
    third = replace_failed(instance, second, "fan_out")
    assert (third.is_success, started_steps(instance, third)) == (True, ["collect"])


class TestRefused:
    def test_an_unknown_run(self, instance):
        """There has to be something to take up."""
        with pytest.raises(RunNotFoundError):
            take_up(chain, instance, ReexecutionOptions("4b0c2a5e-0000-4000-8000-000000000000"))

    def test_another_job(self, instance):
        """A run is taken up by its own job."""
        parent = run_broken(chain, instance, "last")
        with pytest.raises(InvalidArgumentError, match="is one of job 'chain', not of 'fan_out'"):
            take_up(fan_out, instance, ReexecutionOptions.from_failure(parent.run_id))

    def test_nothing_to_do(self, instance):
        """A run whose steps have all succeeded has no failure to begin from."""
        parent = run_broken(chain, instance)
        with pytest.raises(InvalidArgumentError, match="nothing is left to execute"):
            take_up(chain, instance, ReexecutionOptions.from_failure(parent.run_id))

    def test_steps_that_need_what_has_not_succeeded(self, instance):
        """The message names what else has to be executed."""
        parent = run_broken(chain, instance, "middle")
        with pytest.raises(InvalidArgumentError, match="step 'last' needs step 'middle'"):
            take_up(chain, instance, ReexecutionOptions(parent.run_id, "last"))

    def test_values_in_memory(self):
        """An ephemeral instance has lost the values."""
        CALLS.clear()
        with Instance.ephemeral() as instance:
            parent = run_broken(chain, instance, "last")
            with pytest.raises(InvalidArgumentError, match="keeps values in memory only"):
                take_up(chain, instance, ReexecutionOptions.from_failure(parent.run_id))

    def test_both_ways_at_once(self, instance):
        """Steps are chosen by failure or by name."""
        with pytest.raises(InvalidArgumentError, match="not both"):
            ReexecutionOptions("run", "last", is_from_failure=True)
        with pytest.raises(InvalidArgumentError, match="give a step_selection"):
            take_up(chain, instance, ReexecutionOptions("run"), op_selection="last")
