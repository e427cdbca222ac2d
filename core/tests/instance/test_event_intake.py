"""Events that wait on the disk of this machine for a storage that is away."""

import logging
import os
import threading
from contextlib import contextmanager

import pytest

from runrack.errors import InvalidArgumentError, SpoolFullError, StorageUnavailableError
from runrack.instance.event_intake import EventIntake
from runrack.instance.event_spool import SpooledCall, SpoolFile, spool_files, waiting_events
from runrack.instance.spool_settings import SpoolLimits
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_run
from runrack_memory import MemoryStorage


class RemoteStorage(MemoryStorage):
    """A storage that may be away; it refuses what says "bad"."""

    patience_seconds = 1.0

    def __init__(self):
        super().__init__()
        self.is_away = False
        self.epochs = []

    @contextmanager
    def patience(self, seconds):
        yield

    def store_events(self, entries, *, epoch=None):
        if self.is_away:
            raise StorageUnavailableError
        if any(entry.user_message == "bad" for entry in entries):
            raise InvalidArgumentError("bad")
        self.epochs.append(epoch)
        return super().store_events(entries, epoch=epoch)


@pytest.fixture
def storage():
    return RemoteStorage()


@pytest.fixture
def make_intake(storage, tmp_path):
    """Makes intakes of one home; `announced` has what they told."""
    intakes = []

    def make(limits=SpoolLimits(), storage=storage):  # noqa: B008 - frozen
        announced = []
        intake = EventIntake(storage, tmp_path, limits, announced.extend)
        intake.announced = announced
        intakes.append(intake)
        return intake

    yield make
    storage.is_away = False
    for intake in intakes:
        intake.close()


@pytest.fixture
def intake(make_intake):
    return make_intake()


def texts(storage):
    return [entry.user_message for entry in storage.event_log_storage.get_logs_for_run("run")]


def test_what_is_stored_is_announced(intake, storage):
    """While the storage is there, events go straight into it, and no file is made."""
    (record,) = intake.store([make_entry("a", "run")], None)
    assert record.storage_id > 0
    assert intake.announced == [record]
    assert texts(storage) == ["a"]


def test_events_wait_while_the_storage_is_away(intake, storage, tmp_path):
    """They are acknowledged with the storage id -1, are on the disk for their owner only, and not announced."""
    storage.is_away = True
    records = [record for text in "ab" for record in intake.store([make_entry(text, "run")], None)]
    assert [record.storage_id for record in records] == [-1, -1]
    assert waiting_events(tmp_path) == 2
    (path,) = spool_files(tmp_path)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert intake.announced == []


def test_events_that_waited_are_stored_in_order(intake, storage, tmp_path):
    """When the storage is back they are stored, once each and before what came later, then announced; the file goes."""
    storage.is_away = True
    for text in "abc":
        intake.store([make_entry(text, "run")], None)
    storage.is_away = False
    intake.store([make_entry("d", "run")], None)
    intake.settle()
    assert texts(storage) == ["a", "b", "c", "d"]
    assert [record.event_log_entry.user_message for record in intake.announced] == ["a", "b", "c", "d"]
    assert all(record.storage_id > 0 for record in intake.announced)
    assert (waiting_events(tmp_path), spool_files(tmp_path)) == (0, [])


def test_a_commit_without_an_answer_is_stored_once(intake, storage):
    """An event that was stored although the call failed waits, and is recognized by its id."""
    entry = make_entry("a", "run")
    storage.store_events([entry])
    storage.is_away = True
    intake.store([entry], None)
    storage.is_away = False
    intake.settle()
    assert texts(storage) == ["a"]


def test_the_epoch_of_the_caller_waits_with_the_event(intake, storage):
    """A run event that waited is late when its claim on the run is an old one."""
    storage.run_storage.add_run(make_run("run"))
    storage.is_away = True
    intake.store([make_entry(EventType.RUN_START, "run")], 7)
    storage.is_away = False
    intake.settle()
    assert [record.late for record in intake.announced] == [True]


def test_calls_of_different_claims_keep_their_order(intake, storage):
    """What waits is stored by several calls in one transaction, but each with the claim of its caller."""
    storage.is_away = True
    for number in range(300):
        intake.store([make_entry(str(number), "run")], 1 if number > 250 else None)
    storage.is_away = False
    intake.settle()
    assert texts(storage) == [str(number) for number in range(300)]
    assert storage.epochs == [None, None, None, 1]


def test_an_event_that_the_storage_refuses_is_an_error_of_the_call(intake, tmp_path):
    """Only a storage that is away lets events wait."""
    with pytest.raises(InvalidArgumentError):
        intake.store([make_entry("bad", "run")], None)
    assert waiting_events(tmp_path) == 0


def test_an_event_that_is_refused_after_it_has_waited_is_kept(intake, storage, tmp_path, caplog):
    """It goes to a file of its own, and those behind it are stored."""
    storage.is_away = True
    for text in ("a", "bad", "b"):
        intake.store([make_entry(text, "run")], None)
    storage.is_away = False
    with caplog.at_level(logging.ERROR, "runrack"):
        intake.settle()
    assert texts(storage) == ["a", "b"]
    (refused,) = (tmp_path / "spool").glob("*.refused")
    assert [entry.user_message for entry in SpooledCall.from_line(refused.read_bytes()).entries] == ["bad"]
    assert str(refused) in caplog.text


def test_what_a_killed_process_left_is_brought_in(make_intake, storage, tmp_path):
    """The file of a process that is gone is stored and removed; a torn last line is of a call that did not return."""
    line = SpooledCall(None, [make_entry("left", "run")]).to_line()
    process = os.fork()
    if process == 0:
        SpoolFile.create(tmp_path / "spool").append(line + line[: len(line) // 2])
        os._exit(0)
    os.waitpid(process, 0)
    assert waiting_events(tmp_path) == 1
    stored = threading.Event()
    intake = EventIntake(storage, tmp_path, SpoolLimits(), lambda _: stored.set())
    intake.adopt()
    assert stored.wait(10)
    intake.close()
    assert texts(storage) == ["left"]
    assert spool_files(tmp_path) == []


def test_the_file_of_a_living_process_is_left_alone(intake, make_intake, storage, tmp_path):
    """Only its owner brings in what a living process has put aside."""
    owner = SpoolFile.create(tmp_path / "spool")
    owner.append(SpooledCall(None, [make_entry("theirs", "run")]).to_line())
    intake.adopt()
    intake.close()
    assert waiting_events(tmp_path) == 1
    assert texts(storage) == []
    owner.remove()


def test_what_waits_outlives_the_instance(make_intake, storage, tmp_path):
    """An instance that is closed during an outage leaves its events to the next one."""
    storage.is_away = True
    first = make_intake()
    first.store([make_entry("a", "run")], None)
    first.close(patience_seconds=0)
    assert waiting_events(tmp_path) == 1
    storage.is_away = False
    second = make_intake()
    second.adopt()
    while spool_files(tmp_path):
        os.sched_yield()
    assert texts(storage) == ["a"]


@pytest.mark.parametrize("limits", [SpoolLimits(max_mb=0), SpoolLimits(max_seconds=0)])
def test_waiting_can_be_switched_off(make_intake, storage, limits):
    """With a limit of 0 a storage that is away is an error."""
    storage.is_away = True
    with pytest.raises(StorageUnavailableError):
        make_intake(limits).store([make_entry("a", "run")], None)


def test_a_storage_of_this_machine_lets_nothing_wait(make_intake):
    """A storage without patience raises what it meets."""
    local = RemoteStorage()
    local.patience_seconds = 0.0
    local.is_away = True
    with pytest.raises(StorageUnavailableError):
        make_intake(storage=local).store([make_entry("a", "run")], None)


def test_what_waits_is_limited_in_size(make_intake, storage, tmp_path):
    """A call that finds no room raises and changes nothing."""
    storage.is_away = True
    intake = make_intake(SpoolLimits(max_mb=1))
    intake.store([make_entry("x" * 600_000, "run")], None)
    with pytest.raises(SpoolFullError, match="more waits for it than `event_spool` allows"):
        intake.store([make_entry("x" * 600_000, "run")], None)
    assert waiting_events(tmp_path) == 1


def test_a_forked_process_leaves_the_file_to_its_parent(intake, storage, tmp_path):
    """A child begins with nothing put aside; the parent's file stays locked, and is brought in by the parent."""
    storage.is_away = True
    intake.store([make_entry("parent", "run")], None)
    (path,) = spool_files(tmp_path)
    process = os.fork()
    if process == 0:
        storage.is_away = False
        intake.store([make_entry("child", "run")], None)
        os._exit(texts(storage) != ["child"] or SpoolFile.claim(path) is not None)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    storage.is_away = False
    intake.settle()
    assert texts(storage) == ["parent"]


def test_a_damaged_line_is_not_an_event(tmp_path):
    """Lines whose checksum does not fit are not counted."""
    file = SpoolFile.create(tmp_path / "spool")
    line = SpooledCall(3, [make_entry("a", "run"), make_entry("b\tc\n", "run")]).to_line()
    file.append(line)
    file.append(line.replace(b"run", b"ran"))
    assert waiting_events(tmp_path) == 2
    file.remove()
