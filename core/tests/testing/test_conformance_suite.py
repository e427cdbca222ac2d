"""The conformance suites guard themselves: nothing is left out, skipped or replaced in silence."""

import importlib
import pkgutil
import re
from functools import partial

import pytest
from typing_extensions import override

from runrack.errors import InvalidDefinitionError
from runrack.interfaces.part import InstancePart
from runrack.testing import conformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import (
    Ability,
    ConformanceSuite,
    in_processes,
    in_threads,
    needs,
    overrides,
)

SUITE_MODULES = sorted(
    f"{conformance.__name__}.{found.name}" for found in pkgutil.iter_modules(conformance.__path__)
)

STATES_AND_HINT = r"\S[^\n]*\.\n\s*\n\s+\S.+[.?]\s*"


class Small(ConformanceSuite[InstancePart]):
    """A suite of one test."""

    @override
    def make_storage(self, tmp_path):
        return InstancePart()

    def test_x(self, storage):
        """Always holds."""

    @needs(Ability.SURVIVES_REOPEN)
    def test_reopen(self, storage):
        """Opens the part again."""
        assert type(self.opener(storage)()) is InstancePart


class Reopening(Small):
    abilities = frozenset({Ability.SURVIVES_REOPEN})

    @override
    def opener(self, storage):
        return partial(InstancePart)


class TestSmall(Small):
    """A suite works where it is inherited: the fixture gives the part that `make_storage` made."""

    def test_the_fixture_gives_the_part(self, storage):
        """The fixture `storage` is what `make_storage` returned."""
        assert type(storage) is InstancePart


@pytest.mark.parametrize("replacement", [None, lambda _self: None])
def test_a_test_is_not_replaced_in_silence(replacement):
    """Replacing or deleting an inherited test is an error that names the test and says what to do."""
    with pytest.raises(
        InvalidDefinitionError, match=r"replaces the test test_x of Small.*overrides\(reason\)"
    ):
        type("Mine", (Small,), {"test_x": replacement})


def test_a_test_is_replaced_with_a_reason():
    """A replacement that gives its reason is accepted, also further down."""

    class Mine(Small):
        @overrides("the part cannot do this")
        @override
        def test_x(self, storage):
            pass

    assert issubclass(type("Further", (Mine,), {}), Small)


def test_a_reason_is_given():
    """An empty reason is refused."""
    with pytest.raises(InvalidDefinitionError, match="needs a reason"):
        overrides(" ")


def test_two_suites_do_not_hide_a_test_of_each_other():
    """Two suites with a test of the same name cannot be combined."""

    class Other(ConformanceSuite[InstancePart]):
        def test_x(self, storage):
            """Something else."""

    with pytest.raises(InvalidDefinitionError, match="test_x"):
        type("Both", (Small, Other), {})


def test_a_new_test_may_be_added():
    """A subclass may have tests of its own."""
    assert "test_y" in vars(type("Mine", (Small,), {"test_y": lambda _self: None}))


def test_a_skip_names_the_ability():
    """Without the ability a test is skipped, and the reason names the ability."""
    with pytest.raises(pytest.skip.Exception, match="ability survives_reopen"):
        Small().test_reopen(storage=InstancePart())
    Reopening().test_reopen(storage=InstancePart())


def test_an_ability_needs_its_opener():
    """A suite that declares an ability but no `opener` fails with a message that says so."""
    with pytest.raises(InvalidDefinitionError, match=r"Small .*define opener\(\).*InstancePart"):
        Small().opener(InstancePart())


def test_a_suite_without_make_storage_is_abstract():
    """A suite that does not say how to make a storage cannot be collected by accident."""
    with pytest.raises(TypeError, match="make_storage"):
        StorageConformance()


@pytest.mark.parametrize("module", SUITE_MODULES)
def test_every_test_says_what_holds_and_where_to_look(module):
    """Each test of the kit states its behaviour in its first paragraph, and where to look when it fails in the next."""
    suites = [
        found
        for found in vars(importlib.import_module(module)).values()
        if isinstance(found, type) and found.__module__ == module
    ]
    tests = {
        name: found for suite in suites for name, found in vars(suite).items() if name.startswith("test_")
    }
    texts = {name: found.__doc__ or "" for name, found in tests.items()}
    assert [name for name, text in texts.items() if not re.fullmatch(STATES_AND_HINT, text, re.DOTALL)] == []


def test_the_suites_are_found():
    """The test above sees the suite of every slot that has one."""
    slots = {module.rpartition(".")[2] for module in SUITE_MODULES}
    assert {"run_storage", "event_log_storage", "storage", "compute_log_manager", "file_manager"} <= slots


def test_work_is_done_in_threads_and_processes():
    """The results of threads and of processes come in the order of their numbers."""
    assert in_threads(lambda number: number * 2, 3) == [0, 2, 4]
    assert in_processes(pow, 3, count=2) == [1, 3]
