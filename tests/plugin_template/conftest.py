"""Projects of new plugins, and clean environments to test them in."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest
from click.testing import CliRunner

from runrack.cli.command_line import build_command_line

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def run(*command, cwd, **environment):
    """What a command prints; the test fails with everything it printed if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} exits {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def build_wheel(folder, into):
    """Build a project's wheel, by the backend of this environment, and return it."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", into, cwd=folder)
    return max(into.glob("*.whl"), key=lambda wheel: wheel.stat().st_mtime_ns)


class Workshop:
    """Makes projects of plugins and tries them out.

    Args:
        folder: Where.
        house_wheels: A folder with the wheels of runrack; called when the first project is installed.
    """

    def __init__(self, folder, house_wheels):
        self.folder = folder
        self.home = folder / "home"
        self._house_wheels = house_wheels

    def make(self, name, kinds, *options):
        """The folder of a new project, with its manifest, made by the command."""
        folder = self.folder / name
        arguments = [name, f"--into={folder}", "--defaults", *(f"--kind={kind}" for kind in kinds), *options]
        made = CliRunner().invoke(build_command_line(), ["plugins", "new", *arguments])
        assert (made.exit_code, made.stderr) == (0, "")
        return folder

    def update(self, folder):
        """How the command ends that brings a project to the newest template."""
        return CliRunner().invoke(build_command_line(), ["plugins", "new", "--update", str(folder)])

    def check_style(self, folder):
        """The project's own style gates pass, by the tools of this environment."""
        run(TOOLS / "ruff", "check", "--no-cache", ".", cwd=folder)
        run(TOOLS / "ruff", "format", "--no-cache", "--check", ".", cwd=folder)

    def check_types(self, folder):
        """The project's own type check passes, by the tools of this environment."""
        run(TOOLS / "mypy", f"--cache-dir={ROOT}/.mypy_cache", cwd=folder)

    def build(self, folder):
        """The wheel of a project."""
        return build_wheel(folder, self.folder / f"{folder.name}-wheel")

    def install(self, folder):
        """Install the wheel of a project, and what its tests need, in a new environment; return its folder of programs."""
        environment = self.folder / f"{folder.name}-environment"
        wheel = self.build(folder)
        python = environment / "bin" / "python"
        group = ("--group", f"{folder}/pyproject.toml:test")
        needed = ("-c", ROOT / "constraints.txt", "--find-links", self._house_wheels(), *group, wheel)
        uv = shutil.which("uv", path=TOOLS)
        if uv:
            run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=folder)
            run(uv, "pip", "install", "--python", python, *needed, cwd=folder, UV_SYSTEM_CERTS="true")
        else:
            run(sys.executable, "-m", "venv", environment, cwd=folder)
            run(python, "-m", "pip", "install", *needed, cwd=folder)
        return environment / "bin"

    def prove(self, folder, *arguments, doctor=("--import",)):
        """The project's tests pass where it is installed as a wheel, and the doctor finds nothing."""
        programs = self.install(folder)
        began, used = perf_counter(), _processor_seconds()
        home = {"RUNRACK_HOME": str(self.home)}
        told = run(programs / "python", "-m", "pytest", "-q", *arguments, cwd=folder, **home)
        looked = run(programs / "runrack", "plugins", "doctor", *doctor, cwd=folder, **home)
        assert "nothing is wrong" in looked
        seconds = f"{perf_counter() - began:.0f} s, {_processor_seconds() - used:.0f} s of processors"
        print(f"{folder.name}: {told.strip().splitlines()[-1]}; {seconds}")  # noqa: T201 - `pytest -rP` shows the figures


def _processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.fixture(scope="session")
def house_wheels(tmp_path_factory):
    """A folder with a wheel of each package of runrack."""
    folder = tmp_path_factory.mktemp("wheels")
    for manifest in [
        ROOT / "pyproject.toml",
        ROOT / "core/pyproject.toml",
        *ROOT.glob("plugins/*/pyproject.toml"),
    ]:
        build_wheel(manifest.parent, folder)
    return folder


@pytest.fixture
def workshop(tmp_path, request, monkeypatch):
    """A place where projects are made."""
    made = Workshop(tmp_path, lambda: request.getfixturevalue("house_wheels"))
    monkeypatch.setenv("RUNRACK_HOME", str(made.home))
    return made
