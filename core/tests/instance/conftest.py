"""Fixtures of the instance's tests."""

import pytest

from runrack.instance.instance import Instance


@pytest.fixture
def ephemeral():
    with Instance.ephemeral() as instance:
        yield instance
