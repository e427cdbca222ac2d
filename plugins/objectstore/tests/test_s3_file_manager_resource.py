"""`s3_file_manager`: files in a bucket for the ops of a job."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from runrack import job, op
from runrack.config.evaluation import evaluate_or_raise
from runrack.config.secret import redact
from runrack.definitions.resource import InitResourceContext
from runrack.errors import ConfigError
from runrack.host.configurable import ConfigurableClassData
from runrack.testing.builders import make_run
from runrack_objectstore import S3FileHandle, S3FileManager, s3_file_manager


@op(required_resource_keys={"files"})
def write_report(context):
    return context.resources.files.write_data(b"42 rows\n", ext="txt")


@op(required_resource_keys={"files"})
def read_report(context, report):
    copy = Path(context.resources.files.copy_handle_to_local_temp(report))
    with context.resources.files.read(report, mode="r") as stream:
        return report, stream.read(), copy


@job(resource_defs={"files": s3_file_manager})
def report_job():
    read_report(write_report())


@pytest.fixture
def config(s3_server, bucket, monkeypatch):
    """What a job would say, with its keys by reference."""
    monkeypatch.setenv("FILES_KEY", "AKIAREFERRED")
    monkeypatch.setenv("FILES_SECRET", "referred-secret")
    return {
        "bucket": bucket,
        "endpoint_url": s3_server.url,
        "use_ssl": False,
        "access_key_id": {"env": "FILES_KEY"},
        "secret_access_key": {"env": "FILES_SECRET"},
    }


def set_up(config):
    """The generator that yields the file manager, set up as a run does it."""
    contract = s3_file_manager.config_contract
    checked = contract.apply(evaluate_or_raise(contract.field, config), "resource 'files'")
    return s3_file_manager.call(
        InitResourceContext(
            checked, SimpleNamespace(), SimpleNamespace(), make_run(), logging.getLogger(__name__)
        )
    )


def test_one_op_writes_and_another_reads(s3_server, bucket, config):
    """A handle goes from step to step, the object stays, and the copy goes with the resource."""
    result = report_job.execute_in_process(run_config={"resources": {"files": {"config": config}}})
    handle, text, copy = result.output_for_node("read_report")
    assert (type(handle), text, copy.exists()) == (S3FileHandle, "42 rows\n", False)
    assert s3_server.list_keys(bucket) == [handle.key]


def test_a_job_says_where_its_files_go(bucket, config):
    """A configured resource has its bucket and prefix; the keys come from where the references point."""
    manager = next(set_up({**config, "prefix": {"env": "NO_SUCH_NAME", "default": "reports/"}}))
    assert (manager.bucket, manager.prefix) == (bucket, "reports")


def test_the_keys_of_a_job_are_redacted(config):
    """What the references bring is removed from all that is logged, and so is a key that stands there itself."""
    next(set_up({**config, "access_key_id": "AKIALITERAL"}))
    assert redact("AKIALITERAL and referred-secret") == "*** and ***"


@pytest.mark.parametrize(
    "wrong", [{"bucket": 7}, {"buckte": "x"}, {"use_ssl": "maybe"}, {"retry_seconds": "long"}]
)
def test_a_wrong_configuration_is_refused(config, wrong):
    """Each key has its type, and no other key is known."""
    with pytest.raises(ConfigError):
        set_up({**config, **wrong})


def test_a_bucket_is_required():
    """Nobody's bucket is used by default."""
    with pytest.raises(ConfigError, match="bucket"):
        set_up({})


def test_the_class_is_built_from_configuration(bucket, config):
    """An operator names and configures the class as any part."""
    data = ConfigurableClassData.from_config("runrack_objectstore", "S3FileManager", config)
    manager = data.rehydrate(S3FileManager)
    assert (manager.bucket, manager.prefix, manager.inst_data) == (bucket, "runrack", data)
