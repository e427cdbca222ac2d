"""The way of events to the instance: in order, batched, never lost."""

import threading

import pytest

from runrack.engine.event_writer import EventWriter
from runrack.errors import StorageUnavailableError
from runrack.records.event_type import EventType
from runrack.records.run import Run


class RecordingInstance:
    """Notes every transaction; the next ones fail while `is_down`."""

    def __init__(self):
        self.transactions = []
        self.is_down = False

    def handle_new_events(self, entries, *, epoch=None):
        if self.is_down:
            raise StorageUnavailableError
        self.transactions.append([entry.message for entry in entries])


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


def test_flush_and_messages_do_not_wait_for_the_batch(writer, instance):
    """A flush stores what waits, and a message of the user's code flushes."""
    with writer.batch():
        write(writer, "a")
        writer.flush()
        write(writer, "b")
        writer.write_message("said", 20, "step", None, 1.0)
    assert instance.transactions == [["a"], ["b", "said"]]


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
