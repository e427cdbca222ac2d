"""The daemon: loops in threads of their own, their signs of life, and how it ends."""

import threading

import pytest
from typing_extensions import override

from runrack.daemon.daemon import Daemon
from runrack.daemon.health import check_health
from runrack.daemon.heartbeats import Heartbeats
from runrack.daemon.loop_runner import LoopRunner
from runrack.daemon.loops import collect_loops
from runrack.errors import InvariantViolationError
from runrack.instance.daemon_settings import DaemonSettings
from runrack.interfaces.daemon_loop import DaemonLoop
from runrack.testing.builders import NOW, make_heartbeat

CORE_LOOPS = ["monitoring", "queue_watch", "retention"]


class ScriptedLoop(DaemonLoop):
    """Does what the test says, and tells how often it was called."""

    def __init__(self, action=lambda context: None, name="scripted", interval=0.0):
        self.action = action
        self.rounds = 0
        self._name = name
        self._interval = interval

    @property
    @override
    def name(self):
        return self._name

    @property
    @override
    def interval_seconds(self):
        return self._interval

    @override
    def run_once(self, context):
        self.rounds += 1
        self.action(context)


@pytest.fixture
def offer(coordinator):
    """Return what lets the coordinator bring loops."""

    def offer_loops(*loops):
        coordinator.daemon_loops = lambda: loops

    return offer_loops


@pytest.fixture
def make_daemon(clock):
    made = []

    def make(instance, **arguments):
        daemon = Daemon(instance, **{"clock": clock, **arguments})
        made.append(daemon)
        return daemon

    yield make
    for daemon in made:
        daemon.close()


def fail(_context):
    raise ValueError("no luck")


def test_loops_of_parts_and_of_the_core(instance, offer):
    """A part that needs background work brings its loops; the core adds its own."""
    offer(ScriptedLoop(name="dequeue"))
    assert [loop.name for loop in collect_loops(instance)] == ["dequeue", *CORE_LOOPS]


def test_monitoring_is_on_and_retries_are_off(make_instance):
    """Both are switched in `runrack.yaml`."""
    switched = make_instance(run_monitoring={"enabled": False}, run_retries={"enabled": True})
    assert [loop.name for loop in collect_loops(switched)] == ["retries", "queue_watch", "retention"]


def test_two_loops_of_one_name_are_refused(instance, offer):
    """Their signs of life could not be told apart."""
    offer(ScriptedLoop(), ScriptedLoop())
    with pytest.raises(InvariantViolationError, match="'scripted'"):
        collect_loops(instance)


def test_once_does_one_round_of_every_loop(instance, offer, make_daemon):
    """It tells whether all went well, and leaves a sign of life for each."""
    loops = [ScriptedLoop(), ScriptedLoop(fail, "failing")]
    offer(*loops)
    assert make_daemon(instance).run_once() is False
    assert [loop.rounds for loop in loops] == [1, 1]
    beats = instance.get_daemon_heartbeats()
    assert sorted(beats) == ["failing", *CORE_LOOPS, "scripted"]
    assert [error.message for error in beats["failing"].errors] == ["ValueError: no luck\n"]


def test_daemon_runs_until_it_is_told_to_stop(instance, offer, make_daemon):
    """Every loop goes on round after round; `run` ends with True, and no thread is left."""
    ready = threading.Barrier(3)

    def meet(_context):
        ready.wait()

    loops = [ScriptedLoop(meet, "one"), ScriptedLoop(meet, "two")]
    offer(*loops)
    daemon = make_daemon(instance)
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(daemon.run()))
    thread.start()
    for _ in range(3):
        ready.wait()
    daemon.ask_to_stop()
    ready.abort()
    thread.join()
    assert outcome == [True]
    assert daemon.running_loops == []
    assert min(loop.rounds for loop in loops) >= 3


def test_loop_that_hangs_keeps_no_other_from_its_work(make_instance, offer, make_daemon, clock):
    """The others go on; after a while the daemon ends by itself, with False, and names the loop that is still at work."""
    began, release, went_on = threading.Event(), threading.Event(), threading.Event()

    def hang(_context):
        began.set()
        release.wait()

    def go_on(context):
        if clock.passed > 0:
            went_on.set()
        context.wait(0.01)

    offer(ScriptedLoop(hang, "hanging"), ScriptedLoop(go_on, "busy"))
    daemon = make_daemon(make_instance(daemon={"exit_after_seconds": 1800, "stop_timeout_seconds": 1}))
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(daemon.run()))
    thread.start()
    assert began.wait(30)
    clock.advance(1801)
    assert went_on.wait(30)
    thread.join()
    assert outcome == [False]
    assert daemon.running_loops == ["hanging"]
    release.set()


def test_error_is_kept_and_the_next_round_comes_later(instance, make_context, clock):
    """Rounds that fail come at longer and longer intervals; one that goes well brings the old interval back."""
    loop = ScriptedLoop(fail, interval=5.0)
    runner = LoopRunner(loop, make_context(instance))
    pauses = []
    for _ in range(6):
        assert runner.run_round() is False
        pauses.append(runner.pause_seconds())
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    assert len(runner.state.errors) == 5
    loop.action = lambda context: None
    assert runner.run_round() is True
    assert runner.pause_seconds() == 5.0
    assert len(runner.state.errors) == 5
    clock.advance(3601)
    assert runner.state.errors == ()


def test_rounds_that_fail_are_no_progress(instance, make_context, clock):
    """A loop whose every round fails is stuck after a while, like one that hangs."""
    runner = LoopRunner(ScriptedLoop(fail, interval=5.0), make_context(instance))
    for _ in range(4):
        runner.run_round()
        clock.advance(100)
    assert runner.is_stuck(300)
    runner.loop.action = lambda context: None
    runner.run_round()
    assert not runner.is_stuck(300)


def test_storage_that_takes_no_heartbeats_stops_nothing(instance, make_context, clock):
    """A sign of life that cannot be stored is only logged, and stored the next time."""

    class Store:
        is_away = True

        def get_daemon_heartbeats(self):
            if self.is_away:
                raise OSError("away")
            return {}

        def add_daemon_heartbeat(self, heartbeat):
            stored.append(heartbeat.daemon_type)

    stored, store = [], Store()
    runner = LoopRunner(ScriptedLoop(), make_context(instance, "scripted"))
    heartbeats = Heartbeats(store, "me", [runner], DaemonSettings(), clock)
    heartbeats.beat()
    store.is_away = False
    heartbeats.beat()
    assert stored == ["scripted"]


def test_loop_that_is_stuck_gives_way_to_one_that_gets_on(instance, make_context, clock):
    """Where another daemon runs the loop well, the sign of life is that one's; where it does not, it is this one's."""
    runner = LoopRunner(ScriptedLoop(), make_context(instance, "scripted"))
    heartbeats = Heartbeats(instance.run_storage, "me", [runner], DaemonSettings(), clock)
    clock.advance(1000)
    well = make_heartbeat("scripted", clock.now(), daemon_id="other", last_progress=clock.now())
    instance.add_daemon_heartbeat(well)
    heartbeats.beat()
    assert instance.get_daemon_heartbeats()["scripted"].daemon_id == "other"
    clock.advance(1000)
    heartbeats.beat()
    assert instance.get_daemon_heartbeats()["scripted"].daemon_id == "me"


@pytest.mark.parametrize(
    ("beat", "progress", "problem"),
    [
        (10, 10, None),
        (100, 100, "no daemon has been running it for 100 s"),
        (10, 2000, "it has not got on for 2000 s"),
        (None, None, "no daemon has run it yet"),
    ],
)
def test_health_is_the_last_progress(instance, beat, progress, problem):
    """A loop is well when some daemon has it, and it gets on there."""
    if beat is not None:
        instance.add_daemon_heartbeat(make_heartbeat("monitoring", NOW - beat, last_progress=NOW - progress))
    (health,) = [loop for loop in check_health(instance, NOW) if loop.name == "monitoring"]
    assert (health.problem, health.is_required) == (problem, True)


def test_only_required_loops_count_when_some_are_named(make_instance):
    """`daemon.required_loops` says which; one that the instance does not have is missed."""
    instance = make_instance(daemon={"required_loops": ["retention", "nonesuch"]})
    required = {loop.name: loop.is_required for loop in check_health(instance, NOW)}
    assert required == {
        "monitoring": False,
        "nonesuch": True,
        "queue_watch": False,
        "retention": True,
        "workspace": False,
    }
