"""Schedulers that are wrong on purpose, each with the test that has to reject it; run by test_scheduler_suite_rejects.py."""

import time
from collections.abc import Sequence

from msgspec.structs import replace

from runrack.errors import NotFoundError
from runrack.interfaces.scheduler import Scheduler
from runrack.records.tick import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
)
from runrack.testing.conformance.scheduler import SchedulerConformance
from runrack.testing.conformance.suite import Ability
from runrack_cron import CronScheduler
from runrack_cron.instigator_loop import Instigator
from runrack_cron.schedule_loop import ScheduleLoop
from runrack_cron.sensor_loop import SensorLoop


def schedule_state(origin, status, crons, start=None, zone=None):
    data = ScheduleInstigatorData(crons, start, execution_timezone=zone)
    return InstigatorState(origin, InstigatorType.SCHEDULE, status, data)


def put(storage, state):
    try:
        return storage.change_instigator_state(state.selector_id, lambda _: state)
    except NotFoundError:
        return storage.add_instigator_state(state)


class StartsAgain(CronScheduler):
    def start_schedule(self, storage, origin, cron_schedule, start_timestamp, execution_timezone=None):
        state = schedule_state(
            origin, InstigatorStatus.RUNNING, cron_schedule, start_timestamp, execution_timezone
        )
        return put(storage, state)


class LosesTheZone(CronScheduler):
    def start_schedule(self, storage, origin, cron_schedule, start_timestamp, execution_timezone=None):
        return super().start_schedule(storage, origin, cron_schedule, start_timestamp)


class TakesTheFirstExpression(CronScheduler):
    def start_schedule(self, storage, origin, cron_schedule, start_timestamp, execution_timezone=None):
        first = cron_schedule if isinstance(cron_schedule, str) else cron_schedule[0]
        return super().start_schedule(storage, origin, first, start_timestamp, execution_timezone)


class LooksBeforeItWrites(CronScheduler):
    def start_schedule(self, storage, origin, cron_schedule, start_timestamp, execution_timezone=None):
        stored = storage.get_instigator_state(origin.selector_id)
        time.sleep(0.05)
        if stored is not None:
            return stored
        return put(storage, schedule_state(origin, InstigatorStatus.RUNNING, cron_schedule, start_timestamp))


class KeepsTheStart(CronScheduler):
    def stop_schedule(self, storage, origin, cron_schedule):
        stopped = super().stop_schedule(storage, origin, cron_schedule)
        data = replace(stopped.instigator_data, start_timestamp=1.0)
        return put(storage, replace(stopped, instigator_data=data))


class StopsOnlyWhatIsStored(CronScheduler):
    def stop_schedule(self, storage, origin, cron_schedule):
        if storage.get_instigator_state(origin.selector_id) is None:
            return schedule_state(origin, InstigatorStatus.STOPPED, cron_schedule)
        return super().stop_schedule(storage, origin, cron_schedule)


class StopsOnReset(CronScheduler):
    def reset_schedule(self, storage, origin, cron_schedule):
        return self.stop_schedule(storage, origin, cron_schedule)


class KeepsARunningOne(CronScheduler):
    """A reset schedule keeps its first start."""

    def start_schedule(self, storage, origin, cron_schedule, start_timestamp, execution_timezone=None):
        self.first = getattr(self, "first", start_timestamp)
        return super().start_schedule(storage, origin, cron_schedule, self.first, execution_timezone)


class ForgetsTheCursor(CronScheduler):
    def start_sensor(self, storage, origin, min_interval):
        data = SensorInstigatorData(min_interval=min_interval)
        return put(storage, InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data))


class LosesTheInterval(CronScheduler):
    def start_sensor(self, storage, origin, min_interval):
        return super().start_sensor(storage, origin, 30.0)


class RemembersByItself(CronScheduler):
    def start_schedule(self, storage, origin, cron_schedule, start_timestamp, execution_timezone=None):
        known = vars(self).setdefault("known", {})
        state = super().start_schedule(storage, origin, cron_schedule, start_timestamp, execution_timezone)
        return known.setdefault(origin, state)


class MixesLocations(CronScheduler):
    def start_schedule(self, storage, origin, cron_schedule, start_timestamp, execution_timezone=None):
        here = replace(origin, location_name="here")
        return super().start_schedule(storage, here, cron_schedule, start_timestamp, execution_timezone)


class HasOneLog(CronScheduler):
    def get_logs_path(self, schedule_origin_id):
        return super().get_logs_path("all")


class MakesNoFolder(CronScheduler):
    def get_logs_path(self, schedule_origin_id):
        return f"/nowhere/{schedule_origin_id}/scheduler.log"


class TellsNothing(CronScheduler):
    def debug_info(self):
        return "all is well"


class DisposesOnce(CronScheduler):
    def dispose(self):
        del self._settings


class Loops(CronScheduler):
    """A base for schedulers with a wrong loop."""

    schedule_loop: type = ScheduleLoop
    sensor_loop: type = SensorLoop

    def daemon_loops(self):
        return [self.schedule_loop(self._settings, self._max_catchup_runs), self.sensor_loop(self._settings)]


class Changed:
    """Something with some attributes changed."""

    def __init__(self, inner, **changes):
        vars(self).update(changes)
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)


def with_info(each, **changes):
    fields = {name: getattr(each, name) for name in ("origin", "location", "state", "last_tick")}
    return Instigator(info=replace(each.info, **changes), **fields)


class ChangedInfo(ScheduleLoop):
    """A base for loops that take a schedule for another."""

    changes: dict[str, object] = {}  # noqa: RUF012 - read only

    def _make_due_ticks(self, context, work, each):
        super()._make_due_ticks(context, work, with_info(each, **self.changes))


class HasOneName(Loops):
    class sensor_loop(SensorLoop):  # noqa: N801 - stands in for an attribute
        name = "schedules"


class HasNoSensors(Loops):
    def daemon_loops(self):
        return super().daemon_loops()[:1]


class BeginsLongAgo(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def _started(self, work, each):
            started = super()._started(work, each)
            return replace(started, start_timestamp=started.start_timestamp - 10_000)


class BeginsAtTheLastTick(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def _started(self, work, each):
            started = super()._started(work, each)
            return started if each.last_tick is None else replace(started, start_timestamp=None)


class NeverStops(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def _is_running(self, state, info):
            return info.default_status is InstigatorStatus.RUNNING


class ClaimsForItself(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def _make_due_ticks(self, context, work, each):
            def claim(tick, key):
                time.sleep(0.02)
                return work.claim(tick, f"{key}{context.owner}")

            super()._make_due_ticks(context, Changed(work, claim=claim), each)


class MakesUpForAll(Loops):
    class schedule_loop(ChangedInfo):  # noqa: N801
        changes = {"catch_up": 1000}  # noqa: RUF012


class MakesUpForNothing(Loops):
    class schedule_loop(ChangedInfo):  # noqa: N801
        changes = {"catch_up": "none"}  # noqa: RUF012


class CountsInUtc(Loops):
    class schedule_loop(ChangedInfo):  # noqa: N801
        changes = {"execution_timezone": None}  # noqa: RUF012


class MakesOneARound(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def _make_due_ticks(self, context, work, each):
            made = []

            def claim(tick, key):
                made.append(key)
                return work.claim(tick, key) if len(made) == 1 else None

            super()._make_due_ticks(context, Changed(work, claim=claim), each)


class SeesNoChange(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def _started(self, work, each):
            return super()._started(work, each) if each.state is None else each.state.instigator_data


class StumblesOverALocation(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def _load(self, context):
            for name in context.workspace.location_names if context.workspace else ():
                context.workspace.get_location(name).get_contents()
            return super()._load(context)


class LeavesTheDead(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def _abandoned(self, *args):
            return iter(())


class DoesNotListen(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def run_once(self, context):
            super().run_once(Changed(context, is_stopping=False))


class IsSilent(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def run_once(self, context):
            super().run_once(Changed(context, report_progress=lambda: None))


class TellsThePresent(Loops):
    class schedule_loop(ScheduleLoop):  # noqa: N801
        def _resume(self, context, work, each, tick):
            super()._resume(context, work, each, tick.with_data(timestamp=self._settings.now()))


class AsksTooOften(Loops):
    class sensor_loop(SensorLoop):  # noqa: N801
        def _make_due_ticks(self, context, work, each):
            super()._make_due_ticks(context, work, with_info(each, minimum_interval_seconds=0))


class RemembersNothing(Loops):
    class sensor_loop(SensorLoop):  # noqa: N801
        def _remember(self, work, each, tick, result):
            pass


class KeepsTheCursorOfErrors(Loops):
    class sensor_loop(SensorLoop):  # noqa: N801
        def _remember(self, work, each, tick, result):
            super()._remember(work, each, tick, replace(result, error=None))


class UndoesStops(Loops):
    class sensor_loop(SensorLoop):  # noqa: N801
        def _remember(self, work, each, tick, result):
            super()._remember(work, each, tick, result)
            state = work.storage.get_instigator_state(each.origin.selector_id)
            put(work.storage, replace(state, status=InstigatorStatus.RUNNING))


WRONG: Sequence[tuple[type[Scheduler], str]] = (
    (StartsAgain, "test_a_second_start_changes_nothing"),
    (LosesTheZone, "test_a_started_schedule_is_stored"),
    (TakesTheFirstExpression, "test_several_expressions_are_stored"),
    (LooksBeforeItWrites, "test_threads_agree_on_one_start"),
    (KeepsTheStart, "test_a_stopped_schedule_has_no_start"),
    (StopsOnlyWhatIsStored, "test_a_schedule_that_was_never_started_can_be_stopped"),
    (StopsOnReset, "test_a_reset_schedule_is_left_to_its_code"),
    (KeepsARunningOne, "test_a_schedule_starts_anew"),
    (ForgetsTheCursor, "test_a_sensor_keeps_what_it_remembers"),
    (LosesTheInterval, "test_sensors_are_started_stopped_and_reset"),
    (RemembersByItself, "test_schedulers_share_the_states"),
    (MixesLocations, "test_names_are_kept_apart"),
    (HasOneLog, "test_every_origin_has_a_log"),
    (MakesNoFolder, "test_every_origin_has_a_log"),
    (TellsNothing, "test_the_debug_information_names_everything"),
    (DisposesOnce, "test_a_scheduler_is_disposed_of_twice"),
    (HasOneName, "test_loops_have_names"),
    (HasNoSensors, "test_a_sensor_makes_runs"),
    (BeginsLongAgo, "test_nothing_is_made_of_the_past"),
    (BeginsAtTheLastTick, "test_a_stopped_time_is_not_made_up_for"),
    (NeverStops, "test_only_what_runs_makes_ticks"),
    (ClaimsForItself, "test_schedulers_at_once_make_a_tick_once"),
    (MakesUpForAll, "test_missed_ticks_are_made_up_for_as_told"),
    (MakesUpForNothing, "test_missed_ticks_are_made_up_for_as_told"),
    (CountsInUtc, "test_clocks_that_change_are_followed"),
    (MakesOneARound, "test_ticks_on_time_are_all_made"),
    (SeesNoChange, "test_a_changed_expression_begins_anew"),
    (StumblesOverALocation, "test_a_lost_location_loses_no_tick"),
    (LeavesTheDead, "test_a_dead_daemons_tick_is_finished"),
    (DoesNotListen, "test_a_stopping_daemon_begins_no_tick"),
    (IsSilent, "test_loops_report_progress"),
    (TellsThePresent, "test_a_function_is_told_its_moment"),
    (AsksTooOften, "test_the_interval_is_kept"),
    (RemembersNothing, "test_a_sensor_keeps_its_cursor"),
    (KeepsTheCursorOfErrors, "test_an_error_keeps_the_cursor"),
    (UndoesStops, "test_a_tick_does_not_undo_a_stop"),
)


def suite_of(scheduler_type, test_name):
    def make_scheduler(self, now):
        return scheduler_type(now=now)

    parts = {"rejected_by": test_name, "make_scheduler": make_scheduler}
    abilities = {"abilities": frozenset({Ability.MAKES_TICKS})}
    return type(f"Wrong{scheduler_type.__name__}", (SchedulerConformance,), {**parts, **abilities})


globals().update({f"Wrong{wrong.__name__}": suite_of(wrong, test) for wrong, test in WRONG})
