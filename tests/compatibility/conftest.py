"""The command line in an environment with more plugins than this one has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runrack.testing.plugins import fake_distribution

COMMAND = str(Path(sys.executable).with_name("runrack"))

LISTENER = """
from runrack.hookspecs import hookimpl

@hookimpl
def run_launching(run):
    pass
"""


class CommandLine:
    """`runrack` on one home, with the plugins of this environment and those of a folder.

    Args:
        folder: Where it is called.
        home: The runrack home.
        site: Folder with more distributions.
        environment: More variables.
    """

    def __init__(self, folder, home, site, environment):
        self.folder = folder
        paths = {"RUNRACK_HOME": str(home), "PYTHONPATH": str(site)}
        self.environment = {**os.environ, **paths, **environment}

    def call(self, *arguments):
        """Call a command and return what became of it."""
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def output(self, *arguments):
        """Call a command that has to succeed and return what it prints."""
        done = self.call(*arguments)
        assert done.returncode == 0, f"{arguments} exits {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def command_line_with(tmp_path, home):
    """Gives the command line of an environment with the distributions of a folder."""

    def make(site, **environment):
        return CommandLine(tmp_path, home, site, environment)

    return make


@pytest.fixture
def with_listener(tmp_path, command_line_with):
    """Gives the command line of an environment in which a version of the distribution `acme-watch` listens to hooks."""

    def make(version):
        site = tmp_path / f"site-{version}"
        fake_distribution(
            site,
            "acme-watch",
            version,
            entry_points={"runrack.hooks": {"watch": "acme_watch"}},
            modules={"acme_watch.py": LISTENER},
        )
        return command_line_with(site)

    return make
