"""The command line in this process, and in fresh ones."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from runrack.cli.command_line import build_command_line
from runrack.cli.plugins.schemas import ManifestSchemas
from runrack.host.registry import PluginRegistry
from runrack.host.slots import get_slot
from runrack.instance.configuration import PART_SLOTS, SETTINGS
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.testing.builders import make_entry, make_run
from runrack.testing.sample_configuration import sample_configuration

RUNRACK = str(Path(sys.executable).parent / "runrack")

JOBS = """
from runrack import job, op


@op
def numbers():
    print("three numbers")
    return [3, 1, 2]


@op
def largest(context, values):
    context.log.info(f"looking at {len(values)} numbers")
    return max(values)


@op(config_schema={"divisor": int})
def divide(context, values):
    return sum(values) / context.op_config["divisor"]


@job
def find_largest():
    largest(numbers())


@job
def mean():
    divide(numbers())
"""

DRIVER = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from runrack.cli.command_line import build_command_line

outcomes = []
for arguments in json.load(sys.stdin):
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            build_command_line().main(arguments, prog_name="runrack")
        except SystemExit as end:
            code = end.code or 0
    outcomes.append([arguments, code, out.getvalue(), err.getvalue(), sorted(sys.modules)])
print(json.dumps(outcomes))
"""


class Outcome(NamedTuple):
    """What became of one command in a fresh process, and what that process has imported by then."""

    arguments: list[str]
    code: int
    out: str
    err: str
    modules: set[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runrack home, the one of this process."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("RUNRACK_HOME", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("RUNRACK_DEBUG", "RUNRACK_SAFE_MODE", "RUNRACK_PLUGINS_BLOCK"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def runrack(home: Path) -> Callable[..., Result]:
    """Runs a command in this process."""

    def run(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(build_command_line(), arguments, prog_name="runrack", **options)

    return run


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder that fresh processes look into before site-packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(home: Path, site: Path) -> dict[str, str]:
    """The environment of fresh processes."""
    return {**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1"}


@pytest.fixture
def fresh_process(environment: dict[str, str], tmp_path: Path) -> Callable[..., list[Outcome]]:
    """Runs commands one after the other in one fresh process."""

    def run(*commands: list[str]) -> list[Outcome]:
        done = subprocess.run(
            [sys.executable, "-c", DRIVER],
            input=json.dumps(commands),
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        outcomes = json.loads(done.stdout.splitlines()[-1])
        return [Outcome(*fields, set(modules)) for *fields, modules in outcomes]

    return run


@pytest.fixture
def spawn(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the console script."""

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RUNRACK, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
            timeout=100,
            **options,
        )

    return run


@pytest.fixture
def jobs(tmp_path: Path) -> str:
    """A Python file with two jobs, `find_largest` and `mean`."""
    file = tmp_path / "jobs.py"
    file.write_text(JOBS)
    return str(file)


@pytest.fixture
def instance(home: Path):
    """The instance of the home."""
    with Instance.get() as instance:
        yield instance


@pytest.fixture
def add_run(instance: Instance) -> Callable[..., Run]:
    """Stores a run that has gone through events of these types."""

    def add(run_id: str, *event_types: EventType, **fields: Any) -> Run:
        run = instance.add_run(make_run(run_id, **fields))
        for event_type in event_types:
            instance.handle_new_event(make_entry(event_type, run_id))
        return instance.get_run_by_id(run_id) or run

    return add


@pytest.fixture(scope="session")
def sample_configurations() -> list[dict[str, Any]]:
    """Valid content of `runrack.yaml`: for each installed plugin and each section of settings all that it knows, in two variants."""
    registry, schemas = PluginRegistry(), ManifestSchemas()
    contents = []
    for slot in PART_SLOTS:
        for record in registry.list_plugins(slot):
            found, key = schemas.find(slot, record.target), get_slot(slot).yaml_key
            if found is not None and key is not None:
                contents += [
                    {key: {record.name: sample_configuration(found.config_type, choice)}}
                    for choice in range(2)
                ]
    for name, field in SETTINGS.items():
        contents += [{name: sample_configuration(field.config_type, choice)} for choice in range(2)]
    return contents
