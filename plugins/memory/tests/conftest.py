"""Puts a storage before a test of a conformance suite, as pytest would, and tells whether the test rejects it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from runrack.testing.conformance.suite import Ability, ConformanceSuite


def _as_dict(names: str | tuple[str, ...], values: Any) -> dict[str, Any]:
    listed = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    return dict(zip(listed, [values] if len(listed) == 1 else values, strict=True))


def _parametrizations(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Yield the arguments that the marks of `test` give it, one call each."""
    marks = [mark.args for mark in getattr(test, "pytestmark", ())]
    for chosen in product(*([_as_dict(names, each) for each in values] for names, values in marks)):
        yield {name: value for arguments in chosen for name, value in arguments.items()}


@dataclass(frozen=True)
class Jury:
    """Runs single tests of a suite against a storage class."""

    tmp_path: Path

    def rejects(self, suite: type[ConformanceSuite[Any]], storage_type: type, test_name: str) -> bool:
        """Tell whether the test fails for at least one of its parametrizations."""

        class Tried(suite):
            abilities = frozenset({Ability.KEEPS_NUL_IN_NAMES})
            patience_seconds = 2.0

            def make_storage(self, tmp_path: Path) -> Any:
                return storage_type()

        test = getattr(Tried(), test_name)
        return any(self._fails(test, storage_type(), arguments) for arguments in _parametrizations(test))

    def _fails(self, test: Callable[..., None], storage: Any, arguments: dict[str, Any]) -> bool:
        try:
            test(storage=storage, **arguments)
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 # any error of the storage is a rejection
            return True
        return False


@pytest.fixture
def jury(tmp_path):
    return Jury(tmp_path)
