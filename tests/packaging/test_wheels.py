"""The wheels that a user would install hold everything that a job needs."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import runrack

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    [*ROOT.glob("core/pyproject.toml"), *ROOT.glob("plugins/*/pyproject.toml"), ROOT / "pyproject.toml"]
)

JOB = """
from runrack import job, op


@op
def one():
    return 1


@op
def add_one(number):
    return number + 1


@job
def two():
    add_one(one())
"""


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """What a command prints; the test fails with everything it printed if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, f"{command} exits {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One wheel a package, built without a network by the backend of this environment."""
    folder = tmp_path_factory.mktemp("wheels")
    for manifest in PACKAGES:
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=manifest.parent)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a fresh environment that holds the wheels and what they require."""
    environment = tmp_path_factory.mktemp("environment")
    constraints = ("-c", ROOT / "constraints.txt")
    uv = shutil.which("uv", path=Path(sys.executable).parent)
    if uv:
        run(sys.executable, "-m", "venv", "--without-pip", environment)
        python = environment / "bin" / "python"
        run(uv, "pip", "install", "--python", python, *constraints, *wheels, UV_SYSTEM_CERTS="true")
    else:
        run(sys.executable, "-m", "venv", environment)
        run(environment / "bin" / "python", "-m", "pip", "install", *constraints, *wheels)
    return environment / "bin"


def test_every_package_builds_a_wheel(wheels: list[Path]) -> None:
    """There is one wheel for each pyproject.toml, named after the distribution and its version."""
    projects = [tomllib.loads(manifest.read_text())["project"] for manifest in PACKAGES]
    versions = {table["name"]: table.get("version", runrack.__version__) for table in projects}
    expected = {f"{name.replace('-', '_')}-{version}-py3-none-any.whl" for name, version in versions.items()}
    assert {wheel.name for wheel in wheels} == expected


def test_a_wheel_holds_its_package_and_nothing_else(wheels: list[Path]) -> None:
    """A wheel holds one typed import package and its metadata: no tests; the wheel `runrack` holds no code."""
    for wheel in wheels:
        names = zipfile.ZipFile(wheel).namelist()
        top_level = {name.partition("/")[0] for name in names}
        packages = {name for name in top_level if not name.endswith(".dist-info")}
        distribution = wheel.name.partition("-")[0]
        expected = {"runrack": set(), "runrack_core": {"runrack"}}.get(distribution, {distribution})
        assert packages == expected
        assert all(f"{package}/py.typed" in names for package in packages)


def test_a_wheel_carries_every_file_of_its_package(wheels: list[Path]) -> None:
    """What lies in src/ is in the wheel: templates, migrations and markers too, not only modules."""
    packed = {name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()}
    sources = [ROOT / "core" / "src", *ROOT.glob("plugins/*/src")]
    files = [
        path for source in sources for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"
    ]
    missing = [
        path for path in files if Path(*path.parts[path.parts.index("src") + 1 :]).as_posix() not in packed
    ]
    assert missing == []


def test_a_job_runs_from_the_installed_wheels(installed: Path, tmp_path: Path) -> None:
    """The command line of an installation without the source tree runs a job and lists it as a success."""
    (tmp_path / "two.py").write_text(JOB)
    home = str(tmp_path / "home")
    run(installed / "runrack", "run", "two.py", cwd=tmp_path, RUNRACK_HOME=home)
    listed = run(installed / "runrack", "runs", "list", cwd=tmp_path, RUNRACK_HOME=home)
    assert "two" in listed
    assert "SUCCESS" in listed


def test_an_installation_finds_the_default_plugins(installed: Path, tmp_path: Path) -> None:
    """The wheels' entry points are found where nothing is installed editable."""
    listed = run(installed / "runrack", "plugins", "list", cwd=tmp_path, RUNRACK_HOME=str(tmp_path / "home"))
    assert [
        name for name in ("sqlite", "memory", "local", "in_process", "default") if name not in listed
    ] == []
