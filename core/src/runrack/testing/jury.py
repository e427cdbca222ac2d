"""Whether a conformance suite rejects what is wrong: its tests, called without pytest, one at a time."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import product
from typing import Any

import pytest

from runrack.testing.conformance.suite import ConformanceSuite

FixtureOpener = Callable[[], AbstractContextManager[Mapping[str, Any]]]
"""Makes what a test gets by name; closed after the test."""


def rejects(suite: ConformanceSuite[Any], test_name: str, open_fixtures: FixtureOpener) -> bool:
    """Tell whether a test of a suite fails for at least one of its parametrizations.

    Args:
        suite: The suite, which makes what is tried.
        test_name: Which of its tests.
        open_fixtures: Makes the fixtures of the test, anew for each parametrization.
    """
    test = getattr(suite, test_name)
    return any(_fails(test, arguments, open_fixtures) for arguments in parametrizations(test))


def parametrizations(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Yield the arguments that the marks of a test give it, one call each."""
    marks = [mark.args for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    for chosen in product(*([_named(names, each) for each in values] for names, values in marks)):
        yield {name: value for arguments in chosen for name, value in arguments.items()}


def _fails(test: Callable[..., None], arguments: Mapping[str, Any], open_fixtures: FixtureOpener) -> bool:
    try:
        with open_fixtures() as fixtures:
            test(**fixtures, **arguments)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - any error of what is tried is a rejection
        return True
    return False


def _named(names: str | tuple[str, ...], values: Any) -> dict[str, Any]:
    listed = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    return dict(zip(listed, [values] if len(listed) == 1 else values, strict=True))
