"""Events and assets through the instance: reports, redaction, listeners, hooks."""

import pytest

from runrack.config.secret import register_secret
from runrack.errors import InvalidArgumentError
from runrack.hookspecs import hookimpl
from runrack.records import tags as tag_names
from runrack.records.asset import AssetCheckEvaluation, AssetMaterialization, AssetObservation
from runrack.records.asset_key import AssetKey
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.event import Event
from runrack.records.event_data import EngineEventData, StepMaterializationData, StepSuccessData
from runrack.records.event_type import EventType


def materialized(*path, **fields):
    data = StepMaterializationData(AssetMaterialization(list(path), **fields))
    return Event(EventType.ASSET_MATERIALIZATION, "job", event_specific_data=data)


def test_engine_event_needs_a_run_or_names(ephemeral):
    """A run, or a job name with a run id; anything less is refused."""
    run = ephemeral.create_run(job_name="job")
    assert ephemeral.report_engine_event("hello", run).job_name == "job"
    assert ephemeral.report_engine_event("hello", job_name="j", run_id="r", cls=int).message == "[int] hello"
    with pytest.raises(InvalidArgumentError, match="job_name and run_id"):
        ephemeral.report_engine_event("hello", job_name="j")
    assert [entry.message for entry in ephemeral.all_logs("r")] == ["[int] hello"]


def test_engine_event_with_an_error_is_an_error(ephemeral):
    """The level is INFO, or ERROR when the data holds an error."""
    data = EngineEventData(error=SerializableErrorInfo("boom"))
    ephemeral.report_engine_event("bad", job_name="j", run_id="r", engine_event_data=data)
    ephemeral.report_engine_event("good", job_name="j", run_id="r")
    assert [entry.level for entry in ephemeral.all_logs("r")] == [40, 20]


def test_values_of_secrets_are_not_stored(ephemeral):
    """What is registered as a secret is replaced before an event is stored."""
    register_secret("hunter2-canary")
    ephemeral.report_engine_event("password is hunter2-canary", job_name="j", run_id="r")
    assert [entry.message for entry in ephemeral.all_logs("r")] == ["password is ***"]


def test_listeners_hear_what_is_stored(ephemeral):
    """A listener is called with every entry of its run, after it was stored."""
    heard = []
    ephemeral.add_event_listener("r", heard.append)
    ephemeral.report_engine_event("one", job_name="j", run_id="r")
    ephemeral.report_engine_event("other", job_name="j", run_id="another")
    assert [entry.message for entry in heard] == ["one"]


class Listener:
    """A hook plugin that remembers its calls."""

    def __init__(self):
        self.calls = []

    @hookimpl
    def events_stored(self, records):
        self.calls.append(("events_stored", [record.event_type for record in records]))

    @hookimpl
    def run_status_changed(self, run, event):
        self.calls.append(("run_status_changed", run.status, event.event_type))

    @hookimpl
    def step_finished(self, run, event):
        self.calls.append(("step_finished", run.run_id, event.step_key))


def test_hooks_are_called_after_the_commit(ephemeral):
    """Hooks see stored events, the run's new status, and the end of each step; late events change nothing."""
    listener = Listener()
    ephemeral.hooks.register(listener, "listener")
    run = ephemeral.create_run(job_name="job")
    ephemeral.report_event(Event(EventType.RUN_START, "job"), run.run_id)
    ephemeral.report_event(
        Event(EventType.STEP_SUCCESS, "job", "a", event_specific_data=StepSuccessData(1.0)), run.run_id
    )
    ephemeral.report_event(Event(EventType.RUN_START, "job"), run.run_id)
    assert listener.calls == [
        ("events_stored", [EventType.RUN_START]),
        ("run_status_changed", "STARTED", EventType.RUN_START),
        ("events_stored", [EventType.STEP_SUCCESS]),
        ("step_finished", run.run_id, "a"),
        ("events_stored", [EventType.RUN_START]),
    ]


def test_latest_materialization_and_its_code_version(ephemeral):
    """The newest materialization counts; without a code version its run's id stands for it."""
    key, tagged, unknown = AssetKey("a"), AssetKey("b"), AssetKey("c")
    ephemeral.report_event(materialized("a", description="old"), "r1")
    ephemeral.report_event(materialized("a", description="new"), "r2")
    ephemeral.report_event(materialized("b", tags={tag_names.CODE_VERSION: "7"}), "r2")
    assert ephemeral.get_latest_materialization_event(key).asset_materialization.description == "new"
    assert ephemeral.get_latest_materialization_event(unknown) is None
    assert ephemeral.get_latest_materialization_code_versions([key, tagged, unknown]) == {
        key: "r2",
        tagged: "7",
        unknown: None,
    }


def test_runless_asset_events(ephemeral):
    """Materializations, observations and check evaluations may belong to no run; nothing else may."""
    ephemeral.report_runless_asset_event(AssetMaterialization("a"))
    ephemeral.report_runless_asset_event(AssetObservation("a"))
    ephemeral.report_runless_asset_event(AssetCheckEvaluation("a", "not_empty", True))
    kinds = [entry.event_type for entry in ephemeral.all_logs("")]
    assert kinds == [
        EventType.ASSET_MATERIALIZATION,
        EventType.ASSET_OBSERVATION,
        EventType.ASSET_CHECK_EVALUATION,
    ]
    assert ephemeral.get_latest_materialization_code_versions([AssetKey("a")]) == {AssetKey("a"): None}
    with pytest.raises(InvalidArgumentError, match="runless"):
        ephemeral.report_runless_asset_event("a")


def test_wiped_asset_is_gone_until_it_is_written_again(ephemeral):
    """A wipe hides the asset from asset queries, not from the run's log, and is recorded."""
    key = AssetKey("a")
    ephemeral.report_event(materialized("a"), "r")
    ephemeral.wipe_assets([key, AssetKey("never seen")])
    assert not ephemeral.has_asset_key(key)
    assert ephemeral.fetch_materializations(key, limit=10).records == []
    assert len(ephemeral.all_logs("r")) == 1
    assert [entry.event_type for entry in ephemeral.all_logs("")] == [EventType.ASSET_WIPED] * 2
    ephemeral.report_event(materialized("a"), "r")
    assert ephemeral.has_asset_key(key)
    with pytest.raises(InvalidArgumentError, match="list"):
        ephemeral.wipe_assets((key,))


def test_dynamic_partitions(ephemeral):
    """Keys are added once, in order, and removed silently."""
    ephemeral.add_dynamic_partitions("files", ["b", "a"])
    ephemeral.add_dynamic_partitions("files", ["a", "c"])
    ephemeral.delete_dynamic_partition("files", "b")
    ephemeral.delete_dynamic_partition("files", "none")
    assert ephemeral.get_dynamic_partitions("files") == ["a", "c"]
    assert ephemeral.has_dynamic_partition("files", "c")
    assert not ephemeral.has_dynamic_partition("other", "c")
