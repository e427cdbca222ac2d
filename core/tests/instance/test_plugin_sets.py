"""What an instance keeps of the plugins that its runs were made with, and what it says when they are others."""

import msgspec
import pytest

from runrack.errors import PluginSetError
from runrack.host.plugin_set import check_plugins
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.plugin_set import PluginSet

KEY = "runrack/plugin_set/"


@pytest.fixture
def instance():
    with Instance.local_temp() as opened:
        yield opened


def warnings_of(instance, run):
    entries = instance.all_logs(run.run_id, of_type=EventType.ENGINE_EVENT)
    return [entry.message for entry in entries if entry.level == 30]


def test_a_run_leads_to_the_plugins_that_it_was_made_with(instance):
    """Runs of one instance share one set, which names the parts and the versions of their distributions."""
    first, second = (instance.create_run(job_name="x") for _ in range(2))
    kept = instance.get_plugin_set(first.plugin_set_id)

    assert first.plugin_set_id == second.plugin_set_id == instance.plugin_set.id
    assert kept == instance.plugin_set
    assert kept.parts["storage"] == "runrack_sqlite:SqliteStorage"
    assert {"runrack-core", "runrack-sqlite", "runrack-local"} <= kept.versions.keys()


def test_an_instance_in_memory_has_no_set_of_plugins():
    """No other process can execute its runs, so there is nothing to compare."""
    with Instance.ephemeral() as instance:
        assert instance.plugin_set is None
        assert instance.create_run(job_name="x").plugin_set_id is None


def test_what_is_no_longer_kept_is_none(instance):
    """A set that is unknown, or kept in a form that this version does not know, is not there."""
    instance.run_storage.set_cursor_values({f"{KEY}newer": '{"record":"plugin_set/9"}'})
    assert instance.get_plugin_set("newer") is None
    assert instance.get_plugin_set("unknown") is None


def test_plugins_of_the_same_process_are_not_worth_a_word(instance):
    """A run that this process has made, and one that does not say by what, get no warning."""
    run = instance.create_run(job_name="x")
    check_plugins(run, instance, "The worker")
    check_plugins(msgspec.structs.replace(run, plugin_set_id=None), instance, "The worker")
    assert warnings_of(instance, run) == []


def test_a_difference_that_cannot_be_named_is_told_all_the_same(instance):
    """When the set of a run is no longer kept, the warning says that there is a difference."""
    run = msgspec.structs.replace(instance.create_run(job_name="x"), plugin_set_id="unknown")
    check_plugins(run, instance, "The worker")
    (warning,) = warnings_of(instance, run)
    assert "where the run was made: which ones is no longer stored. Install" in warning


@pytest.mark.parametrize(("reaction", "warnings"), [("warn", 1), ("ignore", 0), ("error", 0)])
def test_the_configuration_says_what_a_difference_is(tmp_path, reaction, warnings):
    """A difference is a warning, nothing or an error, as `plugins: on_difference` says."""
    (tmp_path / "runrack.yaml").write_text(f"plugins: {{on_difference: {reaction}}}\n")
    other = PluginSet(versions={"runrack-core": "0.0.1"})
    with Instance.local_temp(tmp_path) as instance:
        instance.run_storage.set_cursor_values({KEY + other.id: msgspec.json.encode(other).decode()})
        run = msgspec.structs.replace(instance.create_run(job_name="x"), plugin_set_id=other.id)
        if reaction == "error":
            with pytest.raises(
                PluginSetError, match=r"runrack-core \S+ here, 0\.0\.1 where the run was made"
            ):
                check_plugins(run, instance, "The worker")
        else:
            check_plugins(run, instance, "The worker")
        assert len(warnings_of(instance, run)) == warnings
