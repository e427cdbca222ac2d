"""`storage`: the version of the tables."""

import json
import sqlite3
from contextlib import closing

from runrack.instance.instance import Instance
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_entry, make_run
from runrack_sql.schema import SCHEMA_VERSION


def stamp(home, version):
    with closing(sqlite3.connect(home / "runrack.db")) as db, db:
        db.execute("UPDATE runrack_schema_version SET version_num = ?", (version,))


def test_a_new_storage_is_empty(runrack):
    """Before its first use a storage has no version; that is no reason to fail."""
    done = runrack("storage", "status", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "storage": {"current": None, "latest": SCHEMA_VERSION, "is_current": False}
    }


def test_migrating_makes_the_tables(runrack):
    """From nothing to the current version; once more changes nothing."""
    assert runrack("storage", "migrate").stdout == f"storage: went from nothing, version {SCHEMA_VERSION}\n"
    assert runrack("storage", "migrate").stdout == f"storage: is current, version {SCHEMA_VERSION}\n"
    assert "current" in runrack("storage", "status").stdout


def test_other_versions_are_told(runrack, home):
    """Tables of another version make the status fail and name the command that helps."""
    runrack("storage", "migrate")
    stamp(home, "0000")
    done = runrack("storage", "status")
    assert done.exit_code == 1
    assert "runrack storage migrate" in done.stdout


def test_a_whole_storage_passes_its_check(runrack):
    """A check says what was looked at, and exits with 0 when nothing has to be done."""
    runrack("storage", "migrate")
    done = runrack("storage", "check", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["spool"] == [{"subject": "events", "severity": "ok", "message": "none wait to be stored"}]
    found = {each["subject"]: each["severity"] for each in told["storage"]}
    assert found.pop("library") in {"ok", "note"}
    assert found == dict.fromkeys(["version", "file", "event ids", "log", "tags", "slots", "assets"], "ok")


def test_a_check_tells_what_contradicts_itself(runrack, home):
    """A row that must not be there is a problem, and the exit code is 1."""
    runrack("storage", "migrate")
    with closing(sqlite3.connect(home / "runrack.db")) as db, db:
        db.execute("INSERT INTO run_tags VALUES (7, 'key', 'value', 'value')")
    done = runrack("storage", "check")
    assert done.exit_code == 1
    assert "1 tags of runs that are not stored" in done.stdout


def test_a_storage_that_cannot_check_itself_says_so(runrack, home):
    """Where nothing is kept, there is nothing to check."""
    (home / "runrack.yaml").write_text("storage: memory\n")
    assert "cannot check itself" in runrack("storage", "check").stdout


def test_separate_storages_have_a_line_each(runrack, home):
    """Each separately configured storage has tables of its own."""
    (home / "runrack.yaml").write_text("run_storage: {sqlite: {base_dir: " + str(home) + "}}\n")
    found = json.loads(runrack("storage", "status", "--json").stdout)
    assert list(found) == ["run_storage", "event_log_storage", "schedule_storage"]


def test_a_storage_without_versions_says_so(runrack, home):
    """Where nothing is kept, there is nothing to migrate."""
    (home / "runrack.yaml").write_text("storage: memory\n")
    assert "no versions" in runrack("storage", "status").stdout
    assert "nothing to migrate" in runrack("storage", "migrate").stdout


def test_pruning_follows_the_policy(runrack, home):
    """What `retention` in the file names is counted and removed; what it does not name stays."""
    (home / "runrack.yaml").write_text("retention: {events: {info_messages: 1}}\n")
    with Instance.from_config(home) as instance:
        instance.handle_new_event(make_entry("old", level=20, timestamp=1.0))
        instance.handle_new_event(make_entry("kept", level=30, timestamp=1.0))
    assert runrack("storage", "prune", "--dry-run").stdout == "would remove 1 info_messages\n"
    assert json.loads(runrack("storage", "prune", "--json").stdout) == {"info_messages": 1}
    assert runrack("storage", "prune").stdout == "Nothing is old enough.\n"


def test_a_storage_that_cannot_prune_says_so(runrack, home):
    """Ticks are removed all the same."""
    (home / "runrack.yaml").write_text(
        "event_log_storage: {module: runrack_sqlite, class: SqliteEventLogStorage, config: {base_dir: "
        + str(home)
        + "}}\n"
    )
    assert "cannot be removed by age" in runrack("storage", "prune").stdout


def test_copying_moves_everything(runrack, home, tmp_path):
    """From the home to the storage that another file names: each table is told with its rows and its digest."""
    with Instance.from_config(home) as instance:
        instance.handle_new_event(make_entry("moved"))
    target = tmp_path / "target.yaml"
    target.write_text("storage: {sqlite: {base_dir: " + str(tmp_path / "target") + "}}\n")
    done = json.loads(runrack("storage", "copy", str(home), str(target), "--json").stdout)
    assert done["events"]["rows"] == 1
    with Instance.from_config(tmp_path, "target.yaml") as instance:
        assert instance.event_log_storage.get_maximum_record_id() == 1
    again = runrack("storage", "copy", str(home), str(target))
    assert (again.exit_code, "is not empty" in again.stderr) == (1, True)


def test_what_processes_work_on_is_not_copied_without_force(runrack, home, tmp_path):
    """A run that is under way would go on in the source: the copy is refused, unless it is forced."""
    target = tmp_path / "target.yaml"
    target.write_text("storage: {sqlite: {base_dir: " + str(tmp_path / "target") + "}}\n")
    with Instance.from_config(home) as instance:
        instance.storage.run_storage.add_run(make_run("run", status=RunStatus.STARTED))
    refused = runrack("storage", "copy", str(home), str(target))
    assert (refused.exit_code, "1 runs are not finished" in refused.stderr) == (1, True)
    assert "runs: 1 rows" in runrack("storage", "copy", str(home), str(target), "--force").stdout


def test_a_storage_that_cannot_be_copied_says_so(runrack, home, tmp_path):
    """Only a combined storage that offers it can be copied."""
    (home / "runrack.yaml").write_text("storage: memory\n")
    refused = runrack("storage", "copy", str(home), str(tmp_path))
    assert (refused.exit_code, "cannot be copied" in refused.stderr) == (2, True)
