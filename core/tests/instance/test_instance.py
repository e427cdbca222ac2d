"""The instance: construction, parts, references."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runrack.errors import InvalidArgumentError, InvariantViolationError
from runrack.instance.instance import Instance, InstanceType
from runrack.instance.instance_ref import InstanceRef
from runrack.records.debug_payload import DebugRunPayload
from runrack.records.event import Event, EventLogEntry
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.records.run_status import RunStatus


def test_parts_are_created_when_first_used(tmp_path):
    """Opening an instance creates nothing in its folder; asking for its runs does."""
    with Instance.local_temp(tmp_path) as instance:
        assert list(tmp_path.iterdir()) == []
        assert instance.get_runs() == []
        assert list(tmp_path.iterdir()) != []


def test_unimportable_part_hurts_only_who_uses_it(tmp_path):
    """An instance whose launcher cannot be imported still answers about runs."""
    overrides = {"run_launcher": {"module": "no_such_module", "class": "Launcher"}}
    with Instance.local_temp(tmp_path, overrides) as instance:
        assert instance.get_runs_count() == 0
        with pytest.raises(Exception, match="no_such_module"):
            _ = instance.run_launcher


def test_second_instance_on_a_folder_sees_the_same_runs(tmp_path):
    """What one instance stored, another on the same folder finds."""
    with Instance.local_temp(tmp_path) as first, Instance.local_temp(tmp_path) as second:
        run = first.create_run(job_name="job")
        assert second.get_run_by_id(run.run_id) == run


def test_temporary_folder_is_removed_at_the_end():
    """Without a folder of its own, a local_temp instance leaves nothing behind."""
    with Instance.local_temp() as instance:
        instance.create_run(job_name="job")
        folder = Path(instance.root_directory)
        assert folder.is_dir()
    assert not folder.exists()


def test_ephemeral_instances_share_nothing():
    """Each ephemeral instance has runs of its own."""
    with Instance.ephemeral() as one, Instance.ephemeral() as other:
        one.create_run(job_name="job")
        assert (one.get_runs_count(), other.get_runs_count()) == (1, 0)


def test_ephemeral_artifacts_are_removed(tmp_path):
    """The artifact folder of an ephemeral instance is temporary, unless it was given."""
    with Instance.ephemeral() as instance:
        folder = Path(instance.root_directory)
        assert folder.is_dir()
    assert not folder.exists()
    with Instance.ephemeral(tempdir=tmp_path) as instance:
        assert instance.root_directory == str(tmp_path)
    assert tmp_path.is_dir()


def test_ephemeral_settings_are_visible():
    """Settings given to an ephemeral instance are what get_settings returns; others are empty."""
    with Instance.ephemeral(settings={"run_retries": {"max_retries": 2}}) as instance:
        assert instance.get_settings("run_retries") == {"max_retries": 2}
        assert instance.get_settings("python_logs") == {}


def test_preloaded_payloads_appear_as_runs():
    """A debug payload is stored with its events and its status."""
    run = Run(job_name="job", status=RunStatus.SUCCESS)
    entry = EventLogEntry(None, 20, "", run.run_id, 1.0, event=Event(EventType.RUN_SUCCESS, "job"))
    with Instance.ephemeral(preload=[DebugRunPayload("1", run, (entry,))]) as instance:
        assert instance.get_run_by_id(run.run_id) == run
        assert instance.all_logs(run.run_id) == [entry]


def test_ephemeral_instance_has_no_reference(ephemeral):
    """What lives in memory cannot be opened elsewhere."""
    with pytest.raises(InvariantViolationError, match="another process"):
        ephemeral.get_ref()


def test_reference_survives_plain_data(tmp_path):
    """to_dict and from_dict round trip through JSON."""
    with Instance.local_temp(tmp_path) as instance:
        ref = instance.get_ref()
    assert InstanceRef.from_dict(json.loads(json.dumps(ref.to_dict()))) == ref


def test_malformed_reference_is_refused():
    """Plain data that is no reference is an InvalidArgumentError."""
    with pytest.raises(InvalidArgumentError, match="instance reference"):
        InstanceRef.from_dict({"base_dir": 5})


def test_reference_opens_the_same_instance_in_another_process(tmp_path):
    """A child process that gets the reference as JSON finds the run."""
    code = (
        "import json, sys\n"
        "from runrack.instance.instance import Instance\n"
        "from runrack.instance.instance_ref import InstanceRef\n"
        "with Instance.from_ref(InstanceRef.from_dict(json.load(sys.stdin))) as instance:\n"
        "    print(*instance.get_run_ids())\n"
    )
    with Instance.local_temp(tmp_path) as instance:
        run = instance.create_run(job_name="job")
        told = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(instance.get_ref().to_dict()),
            capture_output=True,
            text=True,
            check=True,
        )
    assert told.stdout.split() == [run.run_id]


def test_get_opens_the_home(tmp_path, monkeypatch):
    """Instance.get() opens what $RUNRACK_HOME names."""
    monkeypatch.setenv("RUNRACK_HOME", str(tmp_path))
    with Instance.get() as instance:
        assert instance.root_directory == str(tmp_path)
        assert instance.is_persistent


def test_instance_from_objects(ephemeral):
    """An instance can be built from separate storages; they become one face."""
    from runrack_memory import MemoryEventLogStorage, MemoryRunStorage

    with Instance(
        InstanceType.EPHEMERAL, run_storage=MemoryRunStorage(), event_storage=MemoryEventLogStorage()
    ) as instance:
        run = instance.create_run(job_name="job")
        instance.report_event(Event(EventType.RUN_START, "job"), run.run_id)
        assert instance.get_run_by_id(run.run_id).status is RunStatus.STARTED
        with pytest.raises(InvariantViolationError, match="no schedule storage"):
            _ = instance.schedule_storage
        with pytest.raises(InvariantViolationError, match="no run_launcher"):
            _ = instance.run_launcher


def test_instance_needs_storages():
    """Without storages and without a reference there is nothing to hold."""
    with pytest.raises(InvalidArgumentError, match="needs a storage"):
        Instance(InstanceType.EPHEMERAL)


def test_closed_instance_creates_no_parts(tmp_path):
    """After dispose an instance says that it is closed; a second dispose is harmless."""
    instance = Instance.local_temp(tmp_path)
    instance.dispose()
    instance.dispose()
    with pytest.raises(InvariantViolationError, match="closed"):
        instance.get_runs()


def test_info_names_the_parts(tmp_path):
    """info_dict tells class and configuration of each part under the keys of runrack.yaml."""
    with Instance.local_temp(tmp_path) as instance:
        info = instance.info_dict()
    assert info["storage"]["class"] == "SqliteStorage"
    assert info["compute_logs"]["config"] == {"base_dir": str(tmp_path / "compute_logs")}
    assert info["instance_type"] == "PERSISTENT"


def test_info_of_an_ephemeral_instance(ephemeral):
    """An ephemeral instance tells what was created so far."""
    ephemeral.get_runs()
    assert ephemeral.info_dict()["storage"]["class"] == "MemoryStorage"


def test_custom_instance_class_is_opened(tmp_path):
    """`instance_class` names a subclass of Instance that is opened instead of it."""
    (tmp_path / "my_instance.py").write_text(
        "from runrack.instance.instance import Instance\nclass Mine(Instance):\n    pass\n"
    )
    (tmp_path / "runrack.yaml").write_text("instance_class: {module: my_instance, class: Mine}\n")
    code = (
        "from runrack.instance.instance import Instance\n"
        "with Instance.get() as instance: print(type(instance).__name__)\n"
    )
    environ = {**os.environ, "RUNRACK_HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert told.stdout == "Mine\n"
