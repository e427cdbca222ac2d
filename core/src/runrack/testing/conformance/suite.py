"""ConformanceSuite: what all suites have in common; the abilities that decide which tests apply."""

import functools
import multiprocessing
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

import pytest
from typing_extensions import override

from runrack.errors import InvalidDefinitionError
from runrack.interfaces.part import InstancePart

PartT = TypeVar("PartT", bound=InstancePart)
TestT = TypeVar("TestT", bound=Callable[..., None])

SUITE_VERSION = 1
"""The version of the suites; it rises when a test is added that a plugin which was right before may fail."""

_REASON = "_conformance_override_reason"
_NEEDED = "_conformance_needed_ability"


class Ability(StrEnum):
    """What some parts can do and others cannot.

    A suite declares it. Tests that need it are skipped otherwise, or with `runrack.testing.pytest_plugin` not selected.
    """

    SURVIVES_REOPEN = "survives_reopen"
    """What was stored is there after the storage was disposed of and opened again. Needs `opener`."""

    SHARES_BETWEEN_PROCESSES = "shares_between_processes"
    """Several processes may work on the same data at once. Needs `opener`."""

    KEEPS_NUL_IN_NAMES = "keeps_nul_in_names"
    """Job names, tags and partition keys may hold the character NUL."""

    MAKES_TICKS = "makes_ticks"
    """A scheduler's daemon loops make the ticks of schedules and sensors."""

    RUNS_STEPS_AT_ONCE = "runs_steps_at_once"
    """An executor executes several steps of a run at the same time, and its configuration says how many."""

    SEPARATES_PROCESSES = "separates_processes"
    """An executor executes each step in a process of its own, on this machine."""

    LAUNCHES_AT_ONCE = "launches_at_once"
    """Run coordinators: a run is launched when it is submitted."""

    KEEPS_A_QUEUE = "keeps_a_queue"
    """Run coordinators: `SupportsQueue`, and `SupportsDaemonLoops` for the loop that launches queued runs."""

    RUNS_IN_BACKGROUND = "runs_in_background"
    """Run launchers: launching returns while the run goes on."""

    TERMINATES_RUNS = "terminates_runs"
    """Run launchers: a run that is under way can be told to stop."""

    CHECKS_WORKER_HEALTH = "checks_worker_health"
    """Run launchers: `SupportsCheckRunWorkerHealth`. Needs `kill_worker`."""

    RESUMES_RUNS = "resumes_runs"
    """Run launchers: `SupportsResumeRun`. Needs `kill_worker`."""


def needs(ability: Ability) -> Callable[[TestT], TestT]:
    """Mark a test that applies only to parts with this ability."""

    def decorate(test: TestT) -> TestT:
        @functools.wraps(test)
        def skip_without_ability(self: "ConformanceSuite[Any]", *args: Any, **kwargs: Any) -> None:
            if ability not in self.abilities:
                pytest.skip(f"the suite does not declare the ability {ability}")
            test(self, *args, **kwargs)

        setattr(skip_without_ability, _NEEDED, ability)
        return cast("TestT", skip_without_ability)

    return decorate


def needed_ability(test: Callable[..., None] | None) -> Ability | None:
    """Return the ability without which a test does not apply; None when it always does."""
    ability: Ability | None = getattr(test, _NEEDED, None)
    return ability


def lacks_ability(suite: type | None, test: Callable[..., None] | None) -> bool:
    """Tell whether a test of a suite needs an ability that the suite does not declare."""
    needed = needed_ability(test)
    return needed is not None and needed not in getattr(suite, "abilities", ())


def overrides(reason: str) -> Callable[[TestT], TestT]:
    """Mark a test that stands in for an inherited one, and say why the inherited one does not fit."""
    if not reason.strip():
        raise InvalidDefinitionError("overriding an inherited test needs a reason")

    def decorate(test: TestT) -> TestT:
        setattr(test, _REASON, reason)
        return test

    return decorate


def override_reason(test: object) -> str | None:
    """Return why a test stands in for an inherited one; None when it does not."""
    reason: str | None = getattr(test, _REASON, None)
    return reason


class ConformanceSuite(ABC, Generic[PartT]):
    """Base of all suites. An implementer supplies `make_storage`, declares `abilities`, and inherits the tests.

    An inherited test can be replaced or set to None only with `overrides(reason)`: a suite that silently leaves
    something out cannot be imported.

    Attributes:
        abilities: What the part can do; nothing by default.
        plugin: The name of the installed plugin that is tested, where no fixture of the suite gives the plugin or an object of it.
    """

    abilities: ClassVar[frozenset[Ability]] = frozenset()
    plugin: ClassVar[str] = ""

    @override
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in sorted(_test_names(cls)):
            _check_override(cls, name)

    @abstractmethod
    def make_storage(self, tmp_path: Path) -> PartT:
        """Return a new, empty storage; `tmp_path` is an empty folder of the test's own."""

    def opener(self, storage: PartT) -> Callable[[], PartT]:
        """Return what opens another storage over the same data, in this process or in another.

        It is sent to other processes: a class or function of an importable module, or a `functools.partial` of one.
        """
        raise InvalidDefinitionError(
            f"{type(self).__name__} declares an ability for which it has to define opener():"
            f" how to open another {type(storage).__name__} over the same data"
        )

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[PartT]:
        """A new, empty storage, disposed of after the test."""
        storage = self.make_storage(tmp_path)
        yield storage
        storage.dispose()


def in_threads(work: Callable[[int], Any], count: int = 8) -> list[Any]:
    """Call `work` with 0 to `count` - 1, each in a thread of its own, and return what they returned."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def in_processes(work: Callable[..., Any], *args: Any, count: int = 3) -> list[Any]:
    """Call `work(*args, number)` with 0 to `count` - 1, each in a new process, and return what they returned."""
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        return [future.result() for future in [pool.submit(work, *args, number) for number in range(count)]]


def _test_names(cls: type) -> set[str]:
    return {name for base in cls.__mro__ for name in vars(base) if name.startswith("test_")}


def _check_override(cls: type, name: str) -> None:
    owners = [base for base in cls.__mro__ if name in vars(base)]
    if len(owners) > 1 and not hasattr(vars(owners[0])[name], _REASON):
        raise InvalidDefinitionError(
            f"{owners[0].__name__} replaces the test {name} of {owners[-1].__name__}. If that is meant, decorate it with"
            " runrack.testing.conformance.suite.overrides(reason); to leave it out, let the decorated test do nothing"
        )
