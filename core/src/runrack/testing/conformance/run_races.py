"""What holds when threads and processes change runs at once."""

from collections import Counter

from runrack.errors import (
    RunAlreadyExistsError,
)
from runrack.interfaces.run_storage import RunStorage
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.testing.builders import (
    make_event,
    make_run,
)
from runrack.testing.conformance import worker
from runrack.testing.conformance.run_writing import record_of
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_processes, in_threads, needs


class RunRaceTests(ConformanceSuite[RunStorage]):
    """What threads and processes may do to one another: nothing."""

    def test_threads_add_runs_at_once(self, storage: RunStorage) -> None:
        """8 threads that add runs at once lose none and never share a storage id.

        Look at the lock or transaction around giving ids and inserting.
        """
        in_threads(lambda number: [storage.add_run(make_run(f"{number}-{index}")) for index in range(25)])
        records = storage.get_run_records()
        assert len({record.storage_id for record in records}) == len(records) == 200

    def test_one_thread_adds_a_run(self, storage: RunStorage) -> None:
        """Of 8 threads that add the same id exactly one succeeds; the others get RunAlreadyExistsError.

        Look at a look before the insert: let the unique key decide, and translate its error.
        """

        def add(number: int) -> str:
            try:
                return storage.add_run(make_run("a", job_name=f"{number}")).job_name
            except RunAlreadyExistsError:
                return "refused"

        outcomes = Counter(in_threads(add))
        assert outcomes["refused"] == 7
        assert outcomes[record_of(storage, "a").run.job_name] == 1

    def test_threads_set_tags_at_once(self, storage: RunStorage) -> None:
        """8 threads that tag one run at once lose nothing of each other.

        Look for an encoded run that is read, changed and written: lock its row first.
        """
        storage.add_run(make_run("a"))

        def tag(number: int) -> None:
            for index in range(10):
                storage.add_run_tags("a", {f"{number}-{index}": "x"})

        in_threads(tag)
        expected = {f"{number}-{index}": "x" for number in range(8) for index in range(10)}
        assert record_of(storage, "a").run.tags == expected
        assert list(storage.get_run_tag_keys()) == sorted(expected)

    def test_tags_and_events_do_not_undo_each_other(self, storage: RunStorage) -> None:
        """Threads that tag a run while others move it along lose neither tags nor the status.

        Look for two writers that each write the whole run back.
        """
        for index in range(10):
            storage.add_run(make_run(f"{index}"))

        def work(number: int) -> None:
            for index in range(10):
                if number == 0:
                    storage.handle_run_event(f"{index}", make_event(EventType.RUN_START))
                else:
                    storage.add_run_tags(f"{index}", {f"{number}": "x"})

        in_threads(work, 4)
        for record in storage.get_run_records():
            assert (record.run.status, len(record.run.tags)) == (RunStatus.STARTED, 3)

    def test_one_thread_wins_a_transition(self, storage: RunStorage) -> None:
        """Of 8 threads that move a run to the same status at once, exactly one is told that it did.

        Look at the update: its condition repeats the status that was read, and the count of rows decides.
        """
        for index in range(10):
            storage.add_run(make_run(f"{index}", status=RunStatus.STARTING))

        def start(_number: int) -> list[bool]:
            return [storage.handle_run_event(f"{i}", make_event(EventType.RUN_START)) for i in range(10)]

        assert [sum(each) for each in zip(*in_threads(start), strict=True)] == [1] * 10

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_processes_write_at_once(self, storage: RunStorage) -> None:
        """Processes that add runs, set tags and write heartbeats at once fail or lose nothing.

        Look at the lock of the database, and at what is done when it is busy.
        """
        storage.add_run(make_run("a"))
        in_processes(worker.write_runs, self.opener(storage), "a", 20)
        assert storage.get_runs_count() == 61
        assert len(record_of(storage, "a").run.tags) == 60
        assert list(storage.get_daemon_heartbeats()) == ["QUEUE"]

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_one_process_wins_a_transition(self, storage: RunStorage) -> None:
        """Of several processes that move a run to the same status, exactly one is told that it did.

        Look at the update: its condition repeats the status that was read, and the count of rows decides.
        """
        storage.add_run(make_run("a", status=RunStatus.STARTING))
        assert sum(in_processes(worker.start_run, self.opener(storage), "a")) == 1
