"""What a step writes: to its log, to stdout and stderr, and what must not be seen there."""

import logging
import sys

import pytest
from typing_extensions import override

from runrack.config.secret import register_secret
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.instance.instance import Instance
from runrack.records.asset import AssetObservation
from runrack_local import NoOpComputeLogManager
from runrack_memory import MemoryStorage


class BrokenCapture:
    """A capture that cannot begin, or cannot end."""

    def __init__(self, *, begins: bool) -> None:
        self._begins = begins

    def __enter__(self):
        if not self._begins:
            raise OSError("no space")

    def __exit__(self, *exc_info):
        raise OSError("no space")


class BrokenLogManager(NoOpComputeLogManager):
    """Captures nothing and says so."""

    def __init__(self, *, begins: bool) -> None:
        super().__init__()
        self._begins = begins

    @override
    def capture_logs(self, log_key):
        return BrokenCapture(begins=self._begins)


@op
def talk(context):
    context.log.debug("quiet")
    context.log.info("%d apples", 3)
    context.log.error("one is bad", exc_info=ValueError("rotten"))


@job
def talking():
    talk()


def messages(instance, run_id):
    return [
        (entry.level, entry.user_message, entry.step_key)
        for entry in instance.all_logs(run_id)
        if entry.event is None
    ]


def test_messages_of_the_log_are_stored_with_the_step():
    """context.log is a Python logger whose messages become entries of the run's log, in order, at their level."""
    with Instance.ephemeral() as instance:
        result = talking.execute_in_process(instance=instance)
        assert messages(instance, result.run_id) == [
            (logging.DEBUG, "quiet", "talk"),
            (logging.INFO, "3 apples", "talk"),
            (logging.ERROR, "one is bad", "talk"),
        ]
        last = [entry for entry in instance.all_logs(result.run_id) if entry.event is None][-1]
        assert last.error_info.message == "ValueError: rotten\n"


def test_messages_stand_between_the_events_of_the_step():
    """What was said lies in the log after the step's start and before its outputs."""
    with Instance.ephemeral() as instance:
        result = talking.execute_in_process(instance=instance)
        kinds = [
            "message" if entry.event is None else entry.event.event_type.value
            for entry in instance.all_logs(result.run_id)
        ]
    assert kinds[2:7] == ["STEP_START", "message", "message", "message", "STEP_OUTPUT"]


def test_a_message_is_stored_when_the_next_event_is():
    """Once a fact is told, the op finds in the stored log the messages before it, and the start of its step."""
    found = []

    @op
    def look(context):
        context.log.info("here")
        context.log_event(AssetObservation("asset"))
        found.extend(entry.message for entry in context.instance.all_logs(context.run_id))

    @job
    def looking():
        look()

    looking.execute_in_process()
    assert found[-3:] == ["Step 'look' starts.", "here", "Asset asset was observed."]


def test_messages_go_to_the_python_logger_as_well(caplog):
    """Handlers of the process see them at `runrack.run`."""
    with caplog.at_level(logging.INFO, "runrack.run"):
        talking.execute_in_process()
    assert ("runrack.run", logging.INFO, "3 apples") in caplog.record_tuples


def test_secrets_are_replaced_wherever_the_op_says_them(caplog):
    """A registered secret appears in no message, no error and no record of a Python logger."""
    register_secret("correct horse battery")

    @op
    def leak(context):
        context.log.info("it is %s", "correct horse battery")
        context.log.error("oops", exc_info=ValueError("correct horse battery"))
        raise ValueError("never say correct horse battery")

    @job
    def leaking():
        leak()

    with Instance.ephemeral() as instance, caplog.at_level(logging.INFO, "runrack.run"):
        result = leaking.execute_in_process(instance=instance, raise_on_error=False)
        texts = [repr(entry) for entry in instance.all_logs(result.run_id)] + [caplog.text]
    assert not any("correct horse battery" in text for text in texts)
    assert "it is ***" in caplog.text


@pytest.mark.parametrize(
    ("begins", "message"),
    [
        (False, "What step 'talk' writes could not be captured."),
        (True, "What step 'talk' writes was not captured to its end."),
    ],
)
def test_a_capture_that_fails_is_told_and_fails_nothing(begins, message):
    """The run succeeds; an event has the error of the compute log manager."""
    with Instance(storage=MemoryStorage(), compute_log_manager=BrokenLogManager(begins=begins)) as instance:
        result = talking.execute_in_process(instance=instance)
    (event,) = result.events_of_type("ENGINE_EVENT")
    assert result.success
    assert event.message == message
    assert event.event_specific_data.error.message == "OSError: no space\n"


def test_what_a_step_prints_is_kept_under_its_key(tmp_path):
    """LOGS_CAPTURED names the key under which the compute log manager gives what the step printed."""

    @op
    def speak():
        sys.stdout.write("hello from the op\n")

    @job
    def speaking():
        speak()

    with Instance.local_temp(tmp_path) as instance:
        result = speaking.execute_in_process(instance=instance)
        (event,) = result.events_of_type("LOGS_CAPTURED")
        data = instance.compute_log_manager.get_log_data(event.event_specific_data.log_key)
    assert event.event_specific_data.log_key == (result.run_id, "compute_logs", "speak")
    assert data.stdout == b"hello from the op\n"
