"""Puts a storage before a test of a conformance suite, as pytest would, and tells whether the test rejects it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runrack.testing.conformance.suite import Ability, ConformanceSuite
from runrack.testing.jury import rejects


class Jury:
    """Runs single tests of a suite against a storage class."""

    def rejects(self, suite: type[ConformanceSuite[Any]], storage_type: type, test_name: str) -> bool:
        """Tell whether the test fails for at least one of its parametrizations."""

        class Tried(suite):
            abilities = frozenset({Ability.KEEPS_NUL_IN_NAMES})
            patience_seconds = 2.0

            def make_storage(self, tmp_path: Path) -> Any:
                return storage_type()

        @contextmanager
        def fixtures() -> Iterator[dict[str, Any]]:
            yield {"storage": storage_type()}

        return rejects(Tried(), test_name, fixtures)


@pytest.fixture
def jury() -> Jury:
    return Jury()
