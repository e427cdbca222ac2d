"""Counts and times of a run and its steps."""

from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.event_data import StepExpectationResultData
from runrack.records.event_type import EventType
from runrack.records.stats import RunStats, StepAttempt, StepStatus
from runrack.testing.builders import (
    NOW,
    make_entry,
    make_event,
)
from runrack.testing.conformance.suite import ConformanceSuite


class StatisticsTests(ConformanceSuite[EventLogStorage]):
    """What a run and its steps came to."""

    def test_an_unknown_run_has_no_statistics(self, storage: EventLogStorage) -> None:
        """An unknown run gives zeros, None and no steps.

        Look at aggregates over no rows: MIN and MAX give NULL, SUM too.
        """
        assert storage.get_stats_for_run("x") == RunStats(run_id="x")
        assert list(storage.get_step_stats_for_run("x")) == []

    def test_a_run_is_counted(self, storage: EventLogStorage) -> None:
        """Steps, materializations and expectations are counted, and the run's times taken from its events.

        Look at which types are counted, and at times taken from the wrong event.
        """
        types = [
            EventType.RUN_ENQUEUED,
            EventType.RUN_STARTING,
            EventType.RUN_START,
            EventType.STEP_SUCCESS,
            EventType.STEP_SUCCESS,
            EventType.STEP_FAILURE,
            EventType.ASSET_MATERIALIZATION,
            EventType.STEP_EXPECTATION_RESULT,
            EventType.RUN_FAILURE,
        ]
        storage.store_events([make_entry(each, timestamp=NOW + index) for index, each in enumerate(types)])
        storage.store_event(make_entry(EventType.STEP_SUCCESS, "other"))
        assert storage.get_stats_for_run("run") == RunStats(
            run_id="run",
            steps_succeeded=2,
            steps_failed=1,
            materializations=1,
            expectations=1,
            enqueued_time=NOW,
            launch_time=NOW + 1,
            start_time=NOW + 2,
            end_time=NOW + 8,
        )

    def test_a_late_event_sets_no_time(self, storage: EventLogStorage) -> None:
        """The times of a run are those of the events that counted.

        Look at the condition that leaves out late events in the statistics.
        """
        in_time, late = (make_entry(EventType.RUN_START, timestamp=NOW + each) for each in (0, 50))
        storage.store_events([in_time, late], late_event_ids=[late.event_id])
        assert storage.get_stats_for_run("run").start_time == NOW

    def test_a_step_is_followed_through_its_attempts(self, storage: EventLogStorage) -> None:
        """A step's status is that of its last event; its attempts, times and facts are listed.

        Look at how the events of a step are folded: in the order of storage, a new attempt at each start.
        """
        types = [
            EventType.STEP_START,
            EventType.STEP_UP_FOR_RETRY,
            EventType.STEP_RESTARTED,
            EventType.ASSET_MATERIALIZATION,
            EventType.STEP_SUCCESS,
        ]
        events = [make_event(each, step_key="a") for each in types]
        records = storage.store_events(
            [make_entry(each, timestamp=NOW + index) for index, each in enumerate(events)]
        )
        (stats,) = storage.get_step_stats_for_run("run")
        assert (stats.step_key, stats.status, stats.attempts) == ("a", StepStatus.SUCCESS, 2)
        assert (stats.start_time, stats.end_time) == (NOW, NOW + 4)
        assert list(stats.attempts_list) == [StepAttempt(NOW, NOW + 1), StepAttempt(NOW + 2, NOW + 4)]
        assert list(stats.materializations) == [records[3]]

    def test_steps_come_in_the_order_in_which_they_began(self, storage: EventLogStorage) -> None:
        """Steps are listed as they began; `step_keys` restricts them.

        Look at the order of the result: by the first event of each step, not by key.
        """
        expected = StepExpectationResultData(success=False, label="rows")
        storage.store_events(
            [
                make_entry(make_event(EventType.STEP_START, step_key="b")),
                make_entry(make_event(EventType.STEP_START, step_key="a")),
                make_entry(make_event(EventType.STEP_EXPECTATION_RESULT, expected, step_key="b")),
                make_entry(make_event(EventType.STEP_FAILURE, step_key="b")),
                make_entry(make_event(EventType.STEP_SKIPPED, step_key="c")),
            ]
        )
        stats = storage.get_step_stats_for_run("run")
        assert [(each.step_key, each.status) for each in stats] == [
            ("b", StepStatus.FAILURE),
            ("a", StepStatus.IN_PROGRESS),
            ("c", StepStatus.SKIPPED),
        ]
        assert [len(each.expectation_results) for each in stats] == [1, 0, 0]
        only = storage.get_step_stats_for_run("run", ["c", "x"])
        assert [each.step_key for each in only] == ["c"]
