"""IOManagerConformance: what it means to keep the values that steps give to each other."""

import gc
import logging
import multiprocessing
import threading
import weakref
from abc import abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.engine.execution import execute_job
from runrack.errors import InvalidDefinitionError, RunrackError, ValueNotFoundError
from runrack.instance.instance import Instance
from runrack.interfaces.io_manager import InputContext, IOManager, OutputContext
from runrack.records.asset_key import AssetKey
from runrack.records.event_data import HandledOutputData
from runrack.testing.conformance.awkward_names import AWKWARD_NAMES
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_threads, needs

VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**70, 1.5, float("inf"), "", "añ日🚀\r\n", b"", bytes(range(256))),
    *((), (1, (2, 3)), [], [1, "a", None], {}, {"a": [1], 2: "b"}, {1, 2}, range(3), AssetKey(["a"])),
)
BIG = b"\0" * 10_000_000
NAMES = tuple(name for name in AWKWARD_NAMES if name)


class UnkeepableValue:
    """A value that refuses to be written down."""

    @override
    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError(f"this value refuses to be kept, also in protocol {protocol}")


@op
def one() -> int:
    """Give 1."""
    return 1


@op
def double(number: Any) -> Any:
    """Give twice the number."""
    return number * 2


class IOManagerConformance(ConformanceSuite[Any]):
    """The tests for an IO manager. An implementer supplies `make_manager`.

    - Abilities: SHARES_BETWEEN_PROCESSES, for one whose values other processes load; it needs `manager_opener`.
    - The suite brings an instance in memory, so the plugins `memory` and `local` have to be installed.
    """

    @abstractmethod
    def make_manager(self, tmp_path: Path) -> IOManager:
        """Return a new IO manager; it keeps what it keeps below `tmp_path`, an empty folder of the test's own."""

    def manager_opener(self, tmp_path: Path) -> Callable[[], IOManager]:
        """Return what makes another manager of the same values, in another process: something that can be pickled."""
        raise InvalidDefinitionError(
            f"{type(self).__name__} declares SHARES_BETWEEN_PROCESSES, for which it has to define manager_opener({tmp_path})"
        )

    @override
    def make_storage(self, tmp_path: Path) -> IOManager:
        return self.make_manager(tmp_path)

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        """A new IO manager."""
        folder = tmp_path / "values"
        folder.mkdir()
        return self.make_manager(folder)

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[Instance]:
        """An instance in memory."""
        with Instance.ephemeral(tmp_path / "home") as opened:
            yield opened

    @pytest.mark.parametrize("value", VALUES, ids=repr)
    def test_a_value_comes_back(self, manager: IOManager, opened: Instance, value: Any) -> None:
        """What was kept is loaded as an equal value of the same type.

        Look at formats that know fewer types than Python, and at `None` and empty values that are taken for nothing.
        """
        manager.handle_output(_output(opened), value)
        loaded = _load(manager, _output(opened))
        assert loaded == value
        assert type(loaded) is type(value)

    def test_a_big_value_comes_back(self, manager: IOManager, opened: Instance) -> None:
        """Ten megabytes are kept and loaded whole.

        Look for limits of rows, messages and reads that return less than was asked for.
        """
        manager.handle_output(_output(opened), BIG)
        assert _load(manager, _output(opened)) == BIG

    def test_a_value_is_loaded_again_and_again(self, manager: IOManager, opened: Instance) -> None:
        """Several steps load the same value, each as often as it likes.

        Look for a `pop`, or a stream that is read to its end.
        """
        manager.handle_output(_output(opened), [1])
        assert [_load(manager, _output(opened)) for _ in range(3)] == [[1], [1], [1]]

    def test_a_new_value_replaces_the_old(self, manager: IOManager, opened: Instance) -> None:
        """The value of a step that was tried again, also a shorter one, takes the place of the first.

        Look for a file that is opened without being emptied, or a row that is kept because it is there.
        """
        manager.handle_output(_output(opened), "a long first value")
        manager.handle_output(_output(opened), "short")
        assert _load(manager, _output(opened)) == "short"

    def test_no_two_outputs_share_a_value(self, manager: IOManager, opened: Instance) -> None:
        """Outputs that differ in run, step, output name or mapping key have values of their own, however odd the names are.

        Look at how the four become one key: joined with a separator, they have to stay apart when a name holds it.
        """
        contexts = [
            *(_output(opened, step_key=name) for name in NAMES),
            *(_output(opened, name=name) for name in NAMES),
            *(_output(opened, run_id=name) for name in NAMES),
            *(_output(opened, mapping_key=name) for name in NAMES),
            *(_output(opened, step_key="a", name="b.c"), _output(opened, step_key="a.b", name="c")),
            *(
                _output(opened, step_key="a", name="b", mapping_key="c"),
                _output(opened, step_key="a", name="b"),
            ),
        ]
        contexts = list({context.identifier: context for context in contexts}.values())
        self._check_apart(manager, contexts)

    def test_no_two_assets_share_a_value(self, manager: IOManager, opened: Instance) -> None:
        """Assets that differ in any part of their key, in its length, or in the partition have values of their own.

        Look at how a path of several parts becomes one key: `["a", "b"]` is neither `["a/b"]` nor `["a"]` with partition `b`.
        """
        paths = [
            ["a"],
            ["A"],
            ["a", "b"],
            ["a/b"],
            ["a.b"],
            ["a", "b", "c"],
            ["a", "bc"],
            ["ab", "c"],
            ["añ"],
        ]
        contexts = [_output(opened, asset_key=AssetKey(path)) for path in paths]
        contexts += [
            _output(opened, asset_key=AssetKey(["a"]), partition_key=partition)
            for partition in ("b", "B", "2026-01-01", "x" * 300, "../a", "a|b")
        ]
        self._check_apart(manager, contexts)

    def test_an_asset_is_known_beyond_its_run(self, manager: IOManager, opened: Instance) -> None:
        """The value of an asset is found by its key and partition, whichever run and step gave it; the newest counts.

        Look at the key of an asset's value: neither the run nor the step is part of it.
        """
        asset: dict[str, Any] = {"asset_key": AssetKey(["sales"]), "partition_key": "2026"}
        manager.handle_output(_output(opened, run_id="first", step_key="x", **asset), "old")
        manager.handle_output(_output(opened, run_id="second", step_key="y", **asset), "new")
        assert _load(manager, _output(opened, run_id="third", step_key="z", **asset)) == "new"

    @pytest.mark.parametrize(
        "missing",
        [{"step_key": "other"}, {"name": "other"}, {"run_id": "other"}, {"mapping_key": "other"}],
        ids=lambda missing: next(iter(missing)),
    )
    def test_a_missing_value_is_not_found(
        self, manager: IOManager, opened: Instance, missing: dict[str, str]
    ) -> None:
        """Loading what was never kept raises ValueNotFoundError, which names the step.

        Look for an error of the driver or the file system that goes out as it is, and for `None` as a default.
        """
        manager.handle_output(_output(opened), 1)
        context = _output(opened, **missing)
        with pytest.raises(ValueNotFoundError) as caught:
            _load(manager, context)
        assert context.step_key in str(caught.value)

    def test_a_value_that_cannot_be_kept_leaves_the_old_one(
        self, manager: IOManager, opened: Instance
    ) -> None:
        """A value that cannot be written raises, and what was kept before is still whole; nothing half is ever loaded.

        Look at the order: write aside, then replace. A manager that keeps objects as they are may keep this one, too.
        """
        manager.handle_output(_output(opened), "old")
        value = ["x" * 100_000, UnkeepableValue()]
        try:
            manager.handle_output(_output(opened), value)
        except RunrackError:
            assert _load(manager, _output(opened)) == "old"
        else:
            assert _load(manager, _output(opened)) is value

    def test_a_reader_never_sees_half_a_value(self, manager: IOManager, opened: Instance) -> None:
        """While a value is replaced again and again, each load gives one of them, whole.

        Look for a value that is written in place, or removed before the new one is there.
        """
        values = ["a" * 300_000, "b" * 200_000]
        manager.handle_output(_output(opened), values[0])
        done = threading.Event()

        def work(number: int) -> set[str]:
            if number:
                seen = set()
                while not done.is_set():
                    seen.add(_load(manager, _output(opened)))
                return seen
            for turn in range(50):
                manager.handle_output(_output(opened), values[turn % 2])
            done.set()
            return set()

        def work_and_stop(number: int) -> set[str]:
            try:
                return work(number)
            finally:
                done.set()

        assert set().union(*in_threads(work_and_stop, 3)) <= set(values)

    def test_threads_keep_values(self, manager: IOManager, opened: Instance) -> None:
        """Steps of several threads keep and load values at the same time.

        Look for state between two calls, such as a path that is kept in the manager.
        """

        def keep_some(number: int) -> list[Any]:
            contexts = [_output(opened, step_key=f"{number}-{index}") for index in range(20)]
            for index, context in enumerate(contexts):
                manager.handle_output(context, (number, index))
            return [_load(manager, context) for context in contexts]

        assert in_threads(keep_some) == [[(number, index) for index in range(20)] for number in range(8)]

    def test_a_run_passes_its_values(self, manager: IOManager, opened: Instance) -> None:
        """A job with the manager as its resource `io_manager` runs, and its events name the manager.

        Look at what the manager adds as metadata: it has to be storable.
        """

        @job(resource_defs={"io_manager": manager})
        def chain() -> None:
            double(double(one()))

        result = execute_job(chain, opened)
        handled = [
            event.event_specific_data
            for event in result.events
            if isinstance(event.event_specific_data, HandledOutputData)
        ]
        assert result.success, [event.message for event in result.events]
        assert [data.manager_key for data in handled] == ["io_manager"] * 3

    def test_the_instance_is_not_kept(self, manager: IOManager, tmp_path: Path) -> None:
        """A manager that has kept values of an instance works for another one, and does not hold on to the first.

        Look for a context, or its instance, that is kept in the manager.
        """
        gone = [_use(manager, tmp_path / f"{number}", number) for number in range(2)]
        gc.collect()
        assert [found() for found in gone] == [None, None]

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_another_process_loads_the_value(
        self, manager: IOManager, opened: Instance, tmp_path: Path
    ) -> None:
        """A value that this process kept is loaded in another, and the other way round.

        Look at `keeps_in_memory`, which says that this is not possible, and at what a manager remembers between calls.
        """
        assert not manager.keeps_in_memory
        manager.handle_output(_output(opened), ("from here", 1))
        opener = self.manager_opener(tmp_path / "values")
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            assert pool.submit(_load_and_keep, opener, str(tmp_path / "there")).result() == ("from here", 1)
        assert _load(manager, _output(opened, step_key="there")) == "from there"

    def _check_apart(self, manager: IOManager, contexts: list[OutputContext]) -> None:
        for number, context in enumerate(contexts):
            manager.handle_output(context, number)
        assert [_load(manager, context) for context in contexts] == list(range(len(contexts)))


def _output(
    instance: Instance, *, run_id: str = "run-1", step_key: str = "step", name: str = "result", **given: Any
) -> OutputContext:
    return OutputContext(run_id, "job", step_key, name, instance, logging.getLogger("test"), **given)


def _load(manager: IOManager, output: OutputContext) -> Any:
    return manager.load_input(InputContext("run-2", "job", "reader", "x", output))


def _use(manager: IOManager, folder: Path, value: Any) -> "weakref.ref[Instance]":
    """Keep and load a value for an instance of its own, and return a reference to that, which is closed."""
    with Instance.ephemeral(folder) as opened:
        manager.handle_output(_output(opened), value)
        assert _load(manager, _output(opened)) == value
        return weakref.ref(opened)


def _load_and_keep(opener: Callable[[], IOManager], folder: str) -> Any:
    with Instance.ephemeral(folder) as opened:
        manager = opener()
        loaded = _load(manager, _output(opened))
        manager.handle_output(_output(opened, step_key="there"), "from there")
        return loaded
