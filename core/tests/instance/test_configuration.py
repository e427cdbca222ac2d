"""What `runrack.yaml` chooses."""

import pytest

from runrack.errors import ConfigError, PluginNotFoundError
from runrack.host.configurable import ConfigurableClassData
from runrack.host.registry import PluginRegistry
from runrack.instance.configuration import file_schema, load_configuration, plugin_data
from runrack.instance.instance_ref import InstanceRef


def write(folder, text):
    (folder / "runrack.yaml").write_text(text)
    return folder


def problems_of(folder):
    with pytest.raises(ConfigError) as caught:
        InstanceRef.from_dir(folder)
    return [
        (problem.position.line, problem.position.column, problem.path, problem.suggestion)
        for problem in caught.value.problems
    ]


def test_missing_file_means_defaults(tmp_path):
    """Without a file every part is the default one, below the folder."""
    ref = InstanceRef.from_dir(tmp_path)
    assert ref.storage_data.info_dict() == {
        "module": "runrack_sqlite",
        "class": "SqliteStorage",
        "config": {"base_dir": str(tmp_path)},
    }
    assert ref.compute_logs_data.config_dict == {"base_dir": str(tmp_path / "compute_logs")}
    assert ref.local_artifact_storage_data.class_name == "LocalArtifactStorage"
    assert ref.run_coordinator_data.class_name == "DefaultRunCoordinator"
    assert ref.run_storage_data is None
    assert ref.scheduler_data.class_name == "CronScheduler"


def test_empty_file_means_defaults(tmp_path):
    """An empty file is no error."""
    assert InstanceRef.from_dir(write(tmp_path, "")) == InstanceRef.from_dir(tmp_path)


def test_short_form_names_an_installed_plugin(tmp_path):
    """`storage: {memory: {}}` and `storage: memory` choose the plugin of that name."""
    for text in ("storage: {memory: {}}", "storage: memory"):
        assert InstanceRef.from_dir(write(tmp_path, text)).storage_data == ConfigurableClassData(
            "runrack_memory", "MemoryStorage", "{}"
        )


def test_class_form_names_a_class(tmp_path):
    """`module`, `class` and `config` choose any class; nothing is imported yet."""
    ref = InstanceRef.from_dir(
        write(
            tmp_path, "run_storage: {module: very_cool.storage, class: Splendid, config: {magic_word: quux}}"
        )
    )
    assert ref.run_storage_data.info_dict() == {
        "module": "very_cool.storage",
        "class": "Splendid",
        "config": {"magic_word": "quux"},
    }


def test_one_separate_storage_leaves_the_others_on_sqlite(tmp_path):
    """With one separate storage the other two are SQLite ones and there is no combined storage."""
    ref = InstanceRef.from_dir(write(tmp_path, "run_storage: memory"))
    assert ref.storage_data is None
    assert ref.run_storage_data.class_name == "MemoryRunStorage"
    assert ref.event_storage_data.class_name == "ConsolidatedSqliteEventLogStorage"
    assert ref.schedule_storage_data.class_name == "SqliteScheduleStorage"


def test_combined_and_separate_storages_exclude_each_other(tmp_path):
    """`storage` beside `run_storage` is an error at the second key."""
    write(tmp_path, "storage: memory\nrun_storage: memory\n")
    assert problems_of(tmp_path) == [(2, 1, "run_storage", None)]


def test_misspelt_plugin_name_is_suggested(tmp_path):
    """A name that is not installed is placed and answered with the nearest one."""
    write(tmp_path, "storage:\n  sqlit:\n    base_dir: /tmp\n")
    assert problems_of(tmp_path) == [(2, 3, "storage.sqlit", "sqlite")]


def test_misspelt_slot_is_suggested(tmp_path):
    """An unknown top-level key is placed and answered with the nearest one."""
    write(tmp_path, "compute_log: noop\n")
    assert problems_of(tmp_path) == [(1, 1, "compute_log", "compute_logs")]


def test_misspelt_key_of_the_class_form_is_suggested(tmp_path):
    """A slot that has `module` is read as the class form."""
    write(tmp_path, "run_launcher:\n  module: a\n  clas: B\n")
    assert (3, 3, "run_launcher.clas", "class") in problems_of(tmp_path)


def test_unknown_name_of_a_plugin():
    """A name that no installed plugin has says which there are."""
    with pytest.raises(PluginNotFoundError, match="installed: cron"):
        plugin_data(PluginRegistry(), "scheduler", "unknown", {})


def test_settings_are_checked_and_kept(tmp_path):
    """Settings reach the reference with their defaults; what is not given is absent."""
    ref = InstanceRef.from_dir(write(tmp_path, "run_retries: {enabled: true}\n"))
    assert ref.settings == {
        "run_retries": {"enabled": True, "max_retries": 0, "retry_on_asset_or_op_failure": True}
    }


def test_overrides_replace_top_level_keys(tmp_path):
    """Overrides given in code win over the file, key by key."""
    write(tmp_path, "storage: memory\nrun_retries: {enabled: true}\n")
    ref = InstanceRef.from_dir(tmp_path, overrides={"run_retries": {"max_retries": 3}})
    assert ref.settings["run_retries"]["max_retries"] == 3
    assert ref.settings["run_retries"]["enabled"] is False
    assert ref.storage_data.class_name == "MemoryStorage"


def test_references_to_secrets_stay_unresolved(tmp_path, monkeypatch):
    """The reference holds `{env: NAME}`, never what it leads to."""
    monkeypatch.setenv("RUNRACK_TEST_DIR", "/hidden/place")
    ref = InstanceRef.from_dir(write(tmp_path, "storage: {sqlite: {base_dir: {env: RUNRACK_TEST_DIR}}}"))
    assert ref.storage_data.config_dict == {"base_dir": {"env": "RUNRACK_TEST_DIR"}}
    assert "/hidden/place" not in str(ref.to_dict())


def test_blocked_plugin_is_not_chosen(tmp_path):
    """`plugins: block:` applies to what the same file chooses."""
    from runrack.errors import PluginBlockedError

    with pytest.raises(PluginBlockedError, match="runrack-memory"):
        InstanceRef.from_dir(write(tmp_path, "storage: memory\nplugins: {block: [runrack-memory]}\n"))


def test_file_schema_knows_the_installed_plugins(tmp_path):
    """The schema of the file lists every slot with the names that are installed."""
    registry = load_configuration(tmp_path / "runrack.yaml").make_registry()
    schema = file_schema(registry).json_schema()
    selector = schema["properties"]["storage"]["anyOf"][0]["anyOf"][0]
    assert {"memory", "sqlite"} <= set(selector["properties"])
