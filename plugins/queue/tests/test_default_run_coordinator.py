"""The coordinator that launches every run at once."""

import logging
from collections.abc import Iterator

import pytest
from typing_extensions import override

from runrack.errors import RunNotFoundError
from runrack.instance.instance import Instance
from runrack.interfaces.run_coordinator import SubmitRunContext
from runrack.interfaces.run_launcher import RunLauncher
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin, Run
from runrack.records.run_status import RunStatus
from runrack_memory import MemoryStorage
from runrack_queue import DefaultRunCoordinator


class RecordingLauncher(RunLauncher):
    """Notes what it is asked for and starts nothing."""

    def __init__(self) -> None:
        self.launched: list[str] = []
        self.terminated: list[str] = []

    @override
    def launch_run(self, context):
        self.launched.append(context.run.run_id)

    @override
    def terminate(self, run_id):
        self.terminated.append(run_id)
        return True


@pytest.fixture
def launcher() -> RecordingLauncher:
    return RecordingLauncher()


@pytest.fixture
def instance(launcher) -> Iterator[Instance]:
    with Instance(
        storage=MemoryStorage(), run_launcher=launcher, run_coordinator=DefaultRunCoordinator()
    ) as opened:
        yield opened


def new_run(instance) -> Run:
    return instance.create_run(
        job_name="job",
        remote_job_origin=RemoteJobOrigin("here", "job"),
        job_code_origin=JobCodeOrigin("job", "job", module="jobs"),
    )


def test_a_submitted_run_is_launched_at_once(instance, launcher):
    """Submitting hands the run to the launcher and returns it as stored afterwards."""
    run = new_run(instance)
    assert instance.submit_run(run.run_id).status is RunStatus.STARTING
    assert launcher.launched == [run.run_id]


def test_a_second_submit_does_nothing(instance, launcher, caplog):
    """A run that was submitted before is left alone, with a warning."""
    run = new_run(instance)
    instance.submit_run(run.run_id)
    with caplog.at_level(logging.WARNING, "runrack.queue"):
        assert instance.submit_run(run.run_id).status is RunStatus.STARTING
    assert launcher.launched == [run.run_id]
    assert f"run {run.run_id} is STARTING" in caplog.text


def test_an_unknown_run_cannot_be_submitted(instance):
    """The coordinator refuses a run that is not stored."""
    with pytest.raises(RunNotFoundError):
        instance.run_coordinator.submit_run(SubmitRunContext(Run(job_name="job")))


def test_canceling_asks_the_launcher(instance, launcher):
    """cancel_run is the launcher's terminate."""
    run = new_run(instance)
    assert instance.cancel_run(run.run_id) is True
    assert launcher.terminated == [run.run_id]


def test_it_takes_no_configuration():
    """The coordinator is built from an empty mapping."""
    assert isinstance(DefaultRunCoordinator.from_config_value(None, {}), DefaultRunCoordinator)
    assert DefaultRunCoordinator.config_type() == {}
