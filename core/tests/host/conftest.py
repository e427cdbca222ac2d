"""A folder that takes the place of site-packages."""

import pytest


@pytest.fixture
def site(isolated_plugins):
    """An empty folder on `sys.path`; modules imported from it are forgotten afterwards."""
    return isolated_plugins
