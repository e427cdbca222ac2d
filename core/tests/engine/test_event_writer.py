"""The way of events to the instance: in order, batched, never lost."""

import os
import threading
from contextlib import nullcontext

import pytest

from runrack.engine.event_writer import MESSAGES_KEPT, TEXT_KEPT, EventWriter
from runrack.errors import StorageUnavailableError
from runrack.records.event_type import EventType
from runrack.records.run import Run


class RecordingInstance:
    """Notes every transaction; the next ones fail while `is_down`."""

    def __init__(self):
        self.transactions = []
        self.is_down = False
        self.stored = threading.Event()
        self.busy = threading.Lock()

    def handle_new_events(self, entries, *, epoch=None):
        if self.is_down:
            raise StorageUnavailableError
        with self.busy:
            self.transactions.append([entry.message for entry in entries])
        self.stored.set()


@pytest.fixture
def instance():
    return RecordingInstance()


@pytest.fixture
def writer(instance):
    return EventWriter(instance, Run(job_name="job"))


def write(writer, text):
    writer.write_event(writer.make_event(EventType.ENGINE_EVENT, None, text))


def test_an_event_is_stored_at_once(writer, instance):
    """Outside of a batch every event is a transaction of its own."""
    write(writer, "a")
    write(writer, "b")
    assert instance.transactions == [["a"], ["b"]]


def test_a_batch_is_stored_together(writer, instance):
    """What is written in a batch is stored when the outermost one ends."""
    with writer.batch():
        write(writer, "a")
        with writer.batch():
            write(writer, "b")
        assert instance.transactions == []
    assert instance.transactions == [["a", "b"]]


def say(writer, text):
    writer.write_message(text, 20, "step", None, 1.0)


def test_a_flush_does_not_wait_for_the_batch(writer, instance):
    """A flush stores what waits."""
    with writer.batch():
        write(writer, "a")
        writer.flush()
        write(writer, "b")
        assert instance.transactions == [["a"]]
    assert instance.transactions == [["a"], ["b"]]


def test_messages_are_stored_with_the_next_event_in_order(writer, instance):
    """A message waits, and is stored before the event that follows it, in one transaction with it."""
    say(writer, "a")
    say(writer, "b")
    assert instance.transactions == []
    write(writer, "c")
    assert instance.transactions == [["a", "b", "c"]]


def test_a_message_that_nothing_follows_is_stored_by_itself(writer, instance):
    """Without another write or flush, also in a batch that goes on, a message is stored soon."""
    with writer.batch():
        write(writer, "a")
        say(writer, "b")
        assert instance.stored.wait(10)
        assert instance.transactions == [["a", "b"]]


def test_messages_that_wait_are_limited(writer, instance):
    """Whoever writes the message that fills the buffer stores them all, whatever their number or their length."""
    for number in range(MESSAGES_KEPT):
        say(writer, str(number))
    assert [text for transaction in instance.transactions for text in transaction] == [
        str(number) for number in range(MESSAGES_KEPT)
    ]
    say(writer, "x" * TEXT_KEPT)
    assert instance.transactions[-1][-1] == "x" * TEXT_KEPT


def test_a_forked_process_leaves_the_messages_to_its_parent(writer, instance):
    """What the parent wrote is not stored by the child, which writes on by itself while the parent stores."""
    say(writer, "parent")
    with instance.busy:
        process = os.fork()
        if process == 0:
            instance.busy = nullcontext()
            write(writer, "child")
            os._exit(instance.transactions != [["child"]])
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    writer.flush()
    assert instance.transactions == [["parent"]]


def test_nothing_is_lost_when_the_storage_is_away(writer, instance):
    """What could not be stored is stored with the next write, in order."""
    instance.is_down = True
    with pytest.raises(StorageUnavailableError):
        write(writer, "a")
    instance.is_down = False
    write(writer, "b")
    assert instance.transactions == [["a", "b"]]


def test_a_batch_that_raises_stores_what_it_has(writer, instance):
    """What happened before the exception is stored."""

    def stop_in_a_batch():
        with writer.batch():
            write(writer, "a")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stop_in_a_batch()
    assert instance.transactions == [["a"]]


def test_threads_lose_nothing(writer, instance):
    """Eight threads with a hundred events each leave eight hundred."""

    def work(name):
        for number in range(100):
            write(writer, f"{name}-{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = [text for transaction in instance.transactions for text in transaction]
    assert len(stored) == 800
    assert len(set(stored)) == 800
