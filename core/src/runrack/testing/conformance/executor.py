"""ExecutorConformance: what it means to execute the steps of runs."""

import os
import select
import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from runrack.definitions.executor import ExecutorDefinition, ExecutorRequirement, InitExecutorContext
from runrack.definitions.job_target import load_job_target
from runrack.engine.prepared_job import prepare_job
from runrack.errors import UnmetExecutorRequirementsError
from runrack.instance.instance import Instance
from runrack.interfaces.executor import Executor, RetryMode
from runrack.records.event_data import RunFailureData, StepFailureData
from runrack.records.event_type import EventType
from runrack.testing.conformance import executor_jobs
from runrack.testing.conformance.executor_jobs import MANY, UNICODE, WIDTH
from runrack.testing.conformance.suite import Ability, ConformanceSuite, needs
from runrack.testing.observed_run import STEP_ENDS, STEP_STARTS, ObservedRun, observe

GONE_AFTER_SECONDS = 15.0
EVERY_SHAPE = {
    **dict.fromkeys(["one", "chain_2", "chain_3", "left", "right", "diamond", "fan_in"], "SUCCESS"),
    **dict.fromkeys([f"fan_{number}" for number in range(WIDTH)], "SUCCESS"),
    **dict.fromkeys(["items", "mapped[n0]", "mapped[n1]", "mapped[n2]", "collected"], "SUCCESS"),
    **dict.fromkeys(["no_items", "collected_none", "sort_out", "on_odd", "before", "later"], "SUCCESS"),
    **dict.fromkeys(["works_at_last", "after_retries", "configured", "print_lines", "make_asset"], "SUCCESS"),
    **dict.fromkeys(["use_resource", "give_big", "measure"], "SUCCESS"),
    "on_even": "SKIPPED",
}
VALUES = {
    "one": "1",
    "chain_2": "2",
    "chain_3": "3",
    "left": "2",
    "right": "2",
    "diamond": "4",
    **{f"fan_{number}": "2" for number in range(WIDTH)},
    "fan_in": "20",
    "mapped[n0]": "1",
    "mapped[n1]": "2",
    "mapped[n2]": "3",
    "collected": "6",
    "collected_none": "0",
    "on_odd": "2",
    "before": "1",
    "later": "'later'",
    "works_at_last": "2",
    "after_retries": "3",
    "configured": f"('{UNICODE}', 'ü')",
    "use_resource": "'the note'",
    "measure": f"('{UNICODE}', 1000000)",
}
EVERY_FAILURE = {
    "fail": "FAILURE",
    "after_fail": "SKIPPED",
    "after_after": "SKIPPED",
    "fails_always": "FAILURE",
    "after_always": "SKIPPED",
    "leave": "FAILURE",
    "after_leave": "SKIPPED",
    "items": "SUCCESS",
    "fail_at_two[n0]": "SUCCESS",
    "fail_at_two[n1]": "SUCCESS",
    "fail_at_two[n2]": "FAILURE",
    "after_mapped": "SKIPPED",
    "good": "SUCCESS",
    "bad": "FAILURE",
    "needs_both": "SKIPPED",
    "independent": "SUCCESS",
    "independent_2": "SUCCESS",
}
EVERY_DEATH = {
    "die": "FAILURE",
    "after_die": "SKIPPED",
    "exit_at_once": "FAILURE",
    "after_exit": "SKIPPED",
    "die_at_first": "SUCCESS",
    "later": "SUCCESS",
    "process_1": "SUCCESS",
    "process_2": "SUCCESS",
}
SHAPE_CONFIG = {"ops": {"configured": {"config": {"text": UNICODE}}}}


class ExecutorConformance(ConformanceSuite[Any]):
    """The tests for an executor that retries steps by default. An implementer supplies `make_executor`.

    - Abilities: RUNS_STEPS_AT_ONCE and SEPARATES_PROCESSES.
    - The suite brings a persistent instance in a temporary folder, whose parts are the default ones, so the plugins of these
      have to be installed; `make_instance` can be replaced.
    - A run of each job is executed once for a suite, and looked at by many tests.
    """

    _seen: ClassVar[dict[tuple[type, str], ObservedRun]] = {}

    @abstractmethod
    def make_executor(self, limit: int) -> ExecutorDefinition:
        """Return the definition of the executor, which needs no further configuration: see `ExecutorDefinition.configured`.

        Args:
            limit: How many steps may run at once; an executor that does not declare RUNS_STEPS_AT_ONCE ignores it.
        """

    def make_instance(self, folder: Path) -> Instance:
        """Return an instance that keeps its files in this folder, which is there and empty."""
        return Instance.local_temp(folder)

    @override
    def make_storage(self, tmp_path: Path) -> ExecutorDefinition:
        return self.make_executor(2)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """An empty folder for what ops write."""
        folder = tmp_path / "notes"
        folder.mkdir()
        return folder

    @pytest.fixture
    def shapes(self, tmp_path: Path, folder: Path) -> ObservedRun:
        """A run of the job that holds a graph of each kind, and succeeds."""
        config = {**SHAPE_CONFIG, **_note(folder)}
        return self._seen_once("every_shape", tmp_path, config, tags={"label": "ü"})

    @pytest.fixture
    def failures(self, tmp_path: Path) -> ObservedRun:
        """A run of the job that holds a failure of each kind."""
        return self._seen_once("every_failure", tmp_path, {})

    @pytest.fixture
    def deaths(self, tmp_path: Path) -> ObservedRun:
        """A run of the job whose steps kill their processes."""
        return self._seen_once("every_death", tmp_path, {}, tags={"process": str(os.getpid())})

    def test_the_definition_gives_an_executor(self, tmp_path: Path) -> None:
        """The definition has a name, and creates an Executor that says who retries steps.

        Look at the creation function of the definition: it returns an `Executor`, whose `retries` is a `RetryMode`.
        """
        definition = self.make_executor(2)
        assert isinstance(definition, ExecutorDefinition)
        with self._instance(tmp_path) as instance:
            target = load_job_target(f"{executor_jobs.__name__}:many")
            prepared = prepare_job(target, instance, executor_def=definition)
            context = InitExecutorContext(target, definition, prepared.config.executor, instance)
            created = definition.create_executor(context)
        assert isinstance(created, Executor)
        assert created.retries is RetryMode.ENABLED

    def test_every_step_ends_as_it_should(self, shapes: ObservedRun) -> None:
        """Chains, diamonds, fans, dynamic, optional and empty outputs, and steps that only wait all come to their ends.

        Look at how the executor asks for the next step: `execute_plan`, or `active.take_ready` and `skip_blocked_steps`.
        """
        assert (shapes.status, shapes.ends) == ("SUCCESS", EVERY_SHAPE)

    def test_values_arrive(self, shapes: ObservedRun) -> None:
        """Each step gets the values of the steps that it needs, its configuration, its resources and the tags of the run.

        Look at what a step is given in another process: the plan, the run configuration and the run have to be the same.
        """
        assert {key: messages[-1] for key, messages in shapes.messages.items() if key} == VALUES

    def test_steps_wait_for_what_they_need(self, shapes: ObservedRun) -> None:
        """No step starts before all that it needs have ended, also where no value is passed.

        Look at the order in which steps are started.
        """
        started = {event.step_key: place for place, event in _places(shapes, STEP_STARTS[:1])}
        ended = {event.step_key: place for place, event in _places(shapes, STEP_ENDS)}
        for key, needed in shapes.upstream.items():
            for each in needed & ended.keys():
                assert ended[each] < started.get(key, len(shapes.events)), (each, key)

    @pytest.mark.parametrize("name", ["shapes", "failures"])
    def test_the_events_of_a_step_are_in_order(self, name: str, request: pytest.FixtureRequest) -> None:
        """Of each attempt at a step there is one start and one end, with everything else between them, once.

        Look for events that are yielded twice, or not at all, or after the step has ended.
        """
        seen: ObservedRun = request.getfixturevalue(name)
        for key, end in seen.ends.items():
            types = [each for each in seen.types(key) if each != "LOGS_CAPTURED"]
            attempts = " ".join(types).replace("STEP_UP_FOR_RETRY", "STEP_UP_FOR_RETRY\n").split("\n")
            if end == "SKIPPED":
                assert types == ["STEP_SKIPPED"]
                continue
            for number, attempt in enumerate(attempts):
                words = attempt.split()
                assert words[0] == ("STEP_RESTARTED" if number else "STEP_START"), key
                assert words[-1] == (f"STEP_{end}" if number + 1 == len(attempts) else "STEP_UP_FOR_RETRY"), (
                    key
                )
                assert not {*words[1:-1]} & {each.value for each in (*STEP_STARTS, *STEP_ENDS)}, key

    def test_outputs_are_told_of(self, shapes: ObservedRun) -> None:
        """For each value that a step gives there is a STEP_OUTPUT and a HANDLED_OUTPUT, for each dynamic one, too.

        Look at whether all events of a step are passed on.
        """
        for event_type in (EventType.STEP_OUTPUT, EventType.HANDLED_OUTPUT):
            assert len(shapes.find(event_type, "items")) == 3
            assert len(shapes.find(event_type, "sort_out")) == 1
            assert len(shapes.find(event_type, "give_big")) == 1

    def test_facts_of_ops_are_kept(self, shapes: ObservedRun) -> None:
        """What an op says of an asset becomes an event of its step.

        Look at whether all events of a step are passed on, whatever their type.
        """
        (event,) = shapes.find(EventType.ASSET_MATERIALIZATION)
        assert event.step_key == "make_asset"

    def test_messages_are_logged_once(self, shapes: ObservedRun) -> None:
        """What an op logs is in the run's log once, for its step.

        Look for messages that are sent to the storage by the process of the step and again by that of the run.
        """
        assert shapes.messages["chain_2"] == ["2"]
        assert shapes.messages["works_at_last"] == ["2"]

    def test_output_is_captured(self, shapes: ObservedRun) -> None:
        """What a step writes to stdout and stderr, also below Python, is captured for it.

        Look at the compute log manager's `capture_logs`: it is entered in the process in which the step is executed.
        """
        out, err = shapes.printed["print_lines"]
        assert sorted(out.splitlines()) == sorted([f"out {UNICODE}", "below Python"])
        assert err.splitlines() == ["err"]

    def test_steps_are_tried_again(self, shapes: ObservedRun) -> None:
        """A step that fails is tried again as often as its policy allows, and may succeed; what needs it waits.

        Look at STEP_UP_FOR_RETRY: `active.next_retry_in()` tells when, `take_ready` gives the step again.
        """
        types = [
            each for each in shapes.types("works_at_last") if each.startswith("STEP_") and "OUT" not in each
        ]
        again = ["STEP_UP_FOR_RETRY", "STEP_RESTARTED"]
        assert types == ["STEP_START", *again, *again, "STEP_SUCCESS"]

    def test_the_run_begins_and_ends_once(self, shapes: ObservedRun, failures: ObservedRun) -> None:
        """The executor yields nothing about the run itself: its start and its end come once, from the run loop.

        Look for RUN_… events among those that `execute` yields.
        """
        for seen, end in ((shapes, "RUN_SUCCESS"), (failures, "RUN_FAILURE")):
            types = [each for each in seen.types(None) if each.startswith("RUN_")]
            assert types == ["RUN_START", end]
            assert seen.events[-1].event_type == end

    def test_failures_stop_only_what_needs_them(self, failures: ObservedRun) -> None:
        """A step that fails has all that need it skipped, and nothing else; the run ends in FAILURE.

        Look at what happens after the first STEP_FAILURE: the other steps are executed all the same.
        """
        assert (failures.status, failures.ends) == ("FAILURE", EVERY_FAILURE)

    def test_errors_are_kept(self, failures: ObservedRun) -> None:
        """A failed step has the user's error with its message and its stack, and the run names a failed step.

        Look at the STEP_FAILURE: the error comes from where the step was executed, not from the executor.
        """
        (event,) = failures.find(EventType.STEP_FAILURE, "fail")
        assert isinstance(event.event_specific_data, StepFailureData)
        error = event.event_specific_data.error
        assert error is not None
        assert "ValueError: out of paper" in error.to_string()
        assert "executor_jobs.py" in error.to_string()
        data = failures.events[-1].event_specific_data
        assert isinstance(data, RunFailureData)
        assert data.first_step_failure in {"fail", "fails_always", "leave", "bad", "fail_at_two[n2]"}

    def test_tries_come_to_an_end(self, failures: ObservedRun) -> None:
        """A step that fails each time fails in the end, after as many tries as its policy says.

        Look at the number of the attempt, which another process has to be told.
        """
        types = [each for each in failures.types("fails_always") if each.startswith("STEP_")]
        assert types == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_FAILURE"]

    def test_a_resource_is_set_up_and_torn_down(self, tmp_path: Path, folder: Path) -> None:
        """Whatever sets a resource up tears it down, before the run is over.

        Look at whether the process of a step ends in order, and is waited for.
        """
        config = {**SHAPE_CONFIG, **_note(folder)}
        seen = self._observe("every_shape", tmp_path, config, op_selection=["use_resource"])
        lines = (folder / "note").read_text(encoding="utf-8").split()
        assert (seen.status, seen.ends) == ("SUCCESS", {"use_resource": "SUCCESS"})
        assert (lines.count("up"), lines.count("down")) == (1, 1)

    def test_a_resource_that_is_missing_fails_the_run(self, tmp_path: Path) -> None:
        """A resource that cannot be set up ends the run in FAILURE, with the reason in its log.

        Look for an exception of the set-up that is lost, or leaves the run without an end.
        """
        seen = self._observe("without_resource", tmp_path, {})
        assert seen.status == "FAILURE"
        assert seen.types("needs_broken").count("STEP_SUCCESS") == 0
        assert "no connection" in repr(seen.events)

    def test_only_the_plan_is_executed(self, tmp_path: Path) -> None:
        """Of a job of which some ops were selected, only their steps are executed.

        Look at the steps of `execution_plan`: not those of the whole job.
        """
        seen = self._observe("every_failure", tmp_path, {}, op_selection=["independent", "independent_2"])
        assert (seen.status, seen.ends) == ("SUCCESS", {"independent": "SUCCESS", "independent_2": "SUCCESS"})

    def test_a_value_that_cannot_be_kept_fails_its_step(self, tmp_path: Path) -> None:
        """A value that cannot be passed on fails the step that gives it, and nothing hangs.

        Look at errors that are raised after the op has returned.
        """
        seen = self._observe("unstorable", tmp_path, {})
        assert (seen.status, seen.ends) == ("FAILURE", {"give_a_generator": "FAILURE"})

    def test_many_steps_come_to_their_end(self, tmp_path: Path) -> None:
        """A run of two hundred steps is executed to its end.

        Look for pipes, files, threads or processes that are kept for each step that is over.
        """
        seen = self._observe("many", tmp_path, {})
        assert seen.status == "SUCCESS"
        assert list(seen.ends.values()).count("SUCCESS") == MANY
        assert seen.messages["add"] == [str(MANY - 1)]

    def test_an_interruption_ends_the_run(self, tmp_path: Path, folder: Path) -> None:
        """A run that is interrupted ends in CANCELED: its step ends, its resources are torn down, nothing more is started.

        Look at what `execute` does when ExecutionInterruptedError or KeyboardInterrupt is thrown into it: it ends what is
        under way, yields what that still says, and raises the interruption again.
        """
        config = {"ops": {"interrupt": {"config": {"pid": os.getpid()}}}, **_note(folder)}
        seen = self._observe("interrupted", tmp_path, config)
        lines = (folder / "note").read_text(encoding="utf-8").split()
        assert (seen.status, seen.was_interrupted) == ("CANCELED", True)
        assert (seen.ends, lines) == ({"interrupt": "FAILURE"}, ["up", "down"])
        if Ability.SEPARATES_PROCESSES in self.abilities:
            _wait_until_gone(map(int, seen.messages["interrupt"]))

    @needs(Ability.RUNS_STEPS_AT_ONCE)
    def test_steps_run_at_once(self, tmp_path: Path, folder: Path) -> None:
        """Steps that do not need each other run at the same time, when two may.

        Look for an executor that waits for a step before it starts the next.
        """
        config = {"ops": {key: {"config": {"folder": str(folder)}} for key in ("first", "second")}}
        seen = self._observe("meeting", tmp_path, config)
        assert (seen.status, seen.ends) == ("SUCCESS", {"first": "SUCCESS", "second": "SUCCESS"})

    @needs(Ability.RUNS_STEPS_AT_ONCE)
    @pytest.mark.parametrize("limit", [1, 2])
    def test_the_limit_is_kept(self, tmp_path: Path, folder: Path, limit: int) -> None:
        """No more steps run at once than the configuration says.

        Look at when a step counts as over: its process may still be at work.
        """
        seen = self._observe("crowd", tmp_path, _crowd(folder), limit)
        assert seen.status == "SUCCESS"
        assert 1 <= max(int(messages[0]) for messages in seen.messages.values()) <= limit

    @needs(Ability.RUNS_STEPS_AT_ONCE)
    def test_pools_are_kept(self, tmp_path: Path, folder: Path) -> None:
        """Steps of a pool run no more at once than it has slots, and hold none afterwards.

        Look at `PoolSlots` of runrack.engine, which claims and frees the slots of a step.
        """
        with self._instance(tmp_path) as instance:
            instance.event_log_storage.set_concurrency_slots("pool", 1)
            seen = observe(instance, self.make_executor(3), f"{executor_jobs.__name__}:crowd", _crowd(folder))
            assert seen.status == "SUCCESS"
            assert {messages[0] for messages in seen.messages.values()} == {"1"}
            assert instance.event_log_storage.get_concurrency_info("pool").claimed == ()

    @needs(Ability.SEPARATES_PROCESSES)
    def test_other_processes_are_asked_for(self) -> None:
        """An executor that uses other processes says that job, instance and values have to be reachable from there.

        Look at the `requirements` of the definition: without them a run fails in its first step, with an error of ours.
        """
        needed = set(self.make_executor(2).get_requirements({}))
        assert needed == {
            ExecutorRequirement.RECONSTRUCTABLE_JOB,
            ExecutorRequirement.NON_EPHEMERAL_INSTANCE,
            ExecutorRequirement.PERSISTENT_OUTPUTS,
        }

    @needs(Ability.SEPARATES_PROCESSES)
    def test_an_ephemeral_instance_is_refused(self) -> None:
        """On an instance in memory, which no other process can open, no step is started.

        Look at the `requirements` of the definition.
        """
        target = load_job_target(f"{executor_jobs.__name__}:many")
        with Instance.ephemeral() as instance:
            prepared = prepare_job(target, instance, executor_def=self.make_executor(2))
            context = InitExecutorContext(target, prepared.executor_def, prepared.config.executor, instance)
            with pytest.raises(UnmetExecutorRequirementsError):
                prepared.executor_def.create_executor(context)

    @needs(Ability.SEPARATES_PROCESSES)
    def test_a_lost_process_fails_its_step(self, deaths: ObservedRun) -> None:
        """A step whose process was killed, or exited, fails or is tried again; the others do not notice.

        Look at what happens when the process of a step ends before the step has told its end.
        """
        assert (deaths.status, deaths.ends) == ("FAILURE", EVERY_DEATH)

    @needs(Ability.SEPARATES_PROCESSES)
    def test_a_lost_process_has_a_reason(self, deaths: ObservedRun) -> None:
        """The failure of a step says which signal or exit code ended its process; what it wrote before is kept.

        Look at the exit status of the process, and at the log messages that it sent before.
        """
        (killed,) = deaths.find(EventType.STEP_FAILURE, "die")
        (exited,) = deaths.find(EventType.STEP_FAILURE, "exit_at_once")
        assert "SIGKILL" in str(killed.event_specific_data)
        assert "3" in str(exited.event_specific_data)
        assert deaths.printed["die"][0] == "last words\n"

    @needs(Ability.SEPARATES_PROCESSES)
    def test_steps_share_no_process(self, deaths: ObservedRun) -> None:
        """Each step has a process of its own, which is gone when the run is over.

        Look for processes that nobody waits for.
        """
        found = [int(deaths.messages[key][0]) for key in ("process_1", "process_2")]
        assert len({deaths.process_id, *found}) == 3
        _wait_until_gone(found)

    def _instance(self, tmp_path: Path) -> Instance:
        home = tmp_path / "home"
        home.mkdir()
        return self.make_instance(home)

    def _observe(
        self, job_name: str, tmp_path: Path, run_config: Mapping[str, Any], limit: int = 2, **choices: Any
    ) -> ObservedRun:
        target = f"{executor_jobs.__name__}:{job_name}"
        with self._instance(tmp_path) as instance:
            return observe(instance, self.make_executor(limit), target, run_config, **choices)

    def _seen_once(
        self, job_name: str, tmp_path: Path, run_config: Mapping[str, Any], **choices: Any
    ) -> ObservedRun:
        """Return a run of the job, which is executed for the first test that looks at it."""
        key = (type(self), job_name)
        if key not in self._seen:
            folder = tmp_path / job_name  # a test may look at several jobs
            folder.mkdir()
            self._seen[key] = self._observe(job_name, folder, run_config, **choices)
        return self._seen[key]


def _note(folder: Path) -> dict[str, Any]:
    return {"resources": {"note": {"config": {"file": str(folder / "note")}}}}


def _crowd(folder: Path) -> dict[str, Any]:
    return {"ops": {f"count_{number}": {"config": {"folder": str(folder)}} for number in range(6)}}


def _places(seen: ObservedRun, types: Iterable[EventType]) -> list[tuple[int, Any]]:
    wanted = set(types)
    return [(place, event) for place, event in enumerate(seen.events) if event.event_type in wanted]


def _wait_until_gone(process_ids: Iterable[int]) -> None:
    """Wait until processes are over; one that nobody here can reap counts as over."""
    deadline = time.monotonic() + GONE_AFTER_SECONDS
    for process_id in process_ids:
        while _is_alive(process_id):
            assert time.monotonic() < deadline, f"process {process_id} outlives its run"
            select.select([], [], [], 0.02)


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
        fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except ProcessLookupError:
        return False
    except OSError:  # a system without /proc, or a process that is gone since: whoever asks looks again
        return True
    return fields[0] != "Z"
