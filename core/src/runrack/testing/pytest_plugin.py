"""A pytest plugin for projects that test runrack plugins: `pytest -p runrack.testing.pytest_plugin`.

- Tests of a conformance suite that need an ability which the suite does not declare are deselected: what does not apply
  is not a test that was skipped.
- Secrets that one test registers are forgotten before the next.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from runrack.config.secret import forget_secrets
from runrack.testing.conformance.suite import lacks_ability


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that do not apply."""
    idle = [item for item in items if _does_not_apply(item)]
    if idle:
        config.hook.pytest_deselected(items=idle)
        items[:] = [item for item in items if item not in set(idle)]


@pytest.fixture(autouse=True)
def _forgotten_secrets() -> Iterator[None]:
    yield
    forget_secrets()


def _does_not_apply(item: pytest.Item) -> bool:
    suite: Any = getattr(item, "cls", None)
    test: Any = getattr(item, "function", None)
    return lacks_ability(suite, test)
