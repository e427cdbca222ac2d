"""The claim of a process on the run that it executes."""

import pytest

from runrack.engine.own_run import own_run
from runrack.errors import ConflictError
from runrack.instance.instance import Instance
from runrack.records.run_status import RunStatus


@pytest.fixture
def instance():
    with Instance.local_temp() as opened:
        yield opened


def test_a_run_is_held_while_it_is_executed(instance):
    """The process that executes its run holds it, with the number of its claim."""
    run = instance.create_run(job_name="job")
    with own_run(run, instance) as epoch:
        assert instance.get_run_record_by_id(run.run_id).epoch == epoch
        assert not instance.run_storage.claim("other", 60, run_ids=[run.run_id], status=run.status)


def test_a_run_of_another_is_not_executed(instance):
    """A run that another process holds is not executed a second time."""
    run = instance.create_run(job_name="job")
    instance.run_storage.claim("other", 60, run_ids=[run.run_id], status=run.status)
    with pytest.raises(ConflictError, match=run.run_id), own_run(run, instance):
        pytest.fail("the run was executed")


def test_a_run_that_was_canceled_is_not_executed(instance):
    """A run that was canceled after it was made, and before it was claimed, is not executed."""
    run = instance.create_run(job_name="job")
    instance.report_run_canceled(run)
    with pytest.raises(ConflictError, match="changed its status"), own_run(run, instance):
        pytest.fail("the run was executed")
    assert instance.get_run_by_id(run.run_id).status is RunStatus.CANCELED


def test_a_run_that_nobody_else_can_see_needs_no_claim():
    """A run of an ephemeral instance is executed without a claim."""
    with Instance.ephemeral() as instance, own_run(instance.create_run(job_name="job"), instance) as epoch:
        assert epoch is None
