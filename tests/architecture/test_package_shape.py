"""Every distribution has the same shape, so that knowing one folder is knowing all of them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    path.parent for path in [*ROOT.glob("core/pyproject.toml"), *ROOT.glob("plugins/*/pyproject.toml")]
)
PLUGINS = [package for package in PACKAGES if package.parent.name == "plugins"]


def project(package: Path) -> dict[str, Any]:
    """The `[project]` table of a package."""
    table: dict[str, Any] = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    return table


def import_package(package: Path) -> Path:
    """The one import package below `src/`."""
    (found,) = (path for path in (package / "src").iterdir() if (path / "py.typed").exists())
    return found


@pytest.fixture(params=PACKAGES, ids=lambda package: package.name)
def package(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


def test_every_plugin_folder_is_a_distribution() -> None:
    """A folder under plugins/ has a pyproject.toml: there is no half-made plugin."""
    folders = {path for path in (ROOT / "plugins").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(PLUGINS)


def test_the_package_is_typed(package: Path) -> None:
    """Each distribution holds one import package, marked with py.typed."""
    assert (import_package(package) / "py.typed").read_bytes() == b""


def test_the_package_states_what_it_is(package: Path) -> None:
    """Each distribution declares a README, the licence, the Python version and a description."""
    table = project(package)
    assert (table["readme"], table["license"], table["requires-python"]) == (
        "README.md",
        "Apache-2.0",
        ">=3.11",
    )
    assert table["description"]


def test_the_readme_names_the_distribution(package: Path) -> None:
    """A README starts with the name that a user installs."""
    assert (package / "README.md").read_text().splitlines()[0] == f"# {project(package)['name']}"


def test_the_package_has_tests(package: Path) -> None:
    """Each distribution carries its own tests."""
    assert list((package / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_the_folder_gives_a_plugin_its_names(plugin: Path) -> None:
    """The folder `x` holds the distribution `runrack-x` with the import package `runrack_x`."""
    expected = (f"runrack-{plugin.name}", f"runrack_{plugin.name}")
    assert (project(plugin)["name"], import_package(plugin).name) == expected


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_declares_the_plugin_api_it_was_made_for(plugin: Path) -> None:
    """The entry point group `runrack.plugin_api` names an integer: compatibility is known before an import."""
    versions = project(plugin).get("entry-points", {}).get("runrack.plugin_api", {})
    assert any(version.isdigit() for version in versions)


def test_the_default_distribution_holds_no_code() -> None:
    """The distribution `runrack` only depends on the core and on plugins of this repository."""
    names = {dependency.partition("==")[0] for dependency in project(ROOT)["dependencies"]}
    assert names <= {project(package)["name"] for package in PACKAGES}
    assert not (ROOT / "src").exists()
