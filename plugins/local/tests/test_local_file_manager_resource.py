"""`local_file_manager`: where the files of a job go when nobody says, and when the job says."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from runrack.config.evaluation import evaluate_or_raise
from runrack.definitions.resource import InitResourceContext
from runrack.errors import ConfigError
from runrack.testing.builders import make_run
from runrack_local import LocalArtifactStorage, local_file_manager


def set_up(definition, config, instance_dir):
    """The generator that yields the file manager, set up as a run does it."""
    contract = definition.config_contract
    checked = contract.apply(evaluate_or_raise(contract.field, config), "resource 'file_manager'")
    instance = SimpleNamespace(artifact_storage=LocalArtifactStorage(str(instance_dir)))
    return definition.call(
        InitResourceContext(checked, SimpleNamespace(), instance, make_run(), logging.getLogger(__name__))
    )


def test_files_go_to_the_instance_by_default(tmp_path):
    """Without configuration, files lie in `storage/file_manager` of the instance."""
    manager = next(set_up(local_file_manager, {}, tmp_path))
    assert Path(manager.write_data(b"x").path).parent == tmp_path / "storage" / "file_manager"


def test_a_configured_folder_is_made(tmp_path):
    """A job can name the folder, which need not exist yet."""
    configured = local_file_manager.configured({"base_dir": str(tmp_path / "my" / "base")})
    manager = next(set_up(configured, None, tmp_path))
    assert Path(manager.write_data(b"x").path).parent == tmp_path / "my" / "base"


def test_the_folder_of_a_job_may_come_from_the_environment(tmp_path, monkeypatch):
    """The run configuration may refer to a variable."""
    monkeypatch.setenv("PLACE_FOR_FILES", str(tmp_path / "there"))
    manager = next(set_up(local_file_manager, {"base_dir": {"env": "PLACE_FOR_FILES"}}, tmp_path))
    assert manager.base_dir == str(tmp_path / "there")


@pytest.mark.parametrize("config", [{"base_dir": 7}, {"base_dri": "/srv"}])
def test_a_wrong_configuration_is_refused(tmp_path, config):
    """Only a text is a folder, and only `base_dir` is known."""
    with pytest.raises(ConfigError):
        set_up(local_file_manager, config, tmp_path)


def test_copies_go_with_the_resource(tmp_path):
    """Temporary copies are deleted when the resource is torn down; files stay."""
    resource = set_up(local_file_manager, {}, tmp_path)
    manager = next(resource)
    handle = manager.write_data(b"x")
    copy = Path(manager.copy_handle_to_local_temp(handle))
    resource.close()
    assert not copy.exists()
    assert manager.read_data(handle) == b"x"
