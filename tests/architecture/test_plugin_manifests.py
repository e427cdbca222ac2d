"""The manifests that ship with the plugins say what the code says."""

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from runrack.cli.command_line import build_command_line

ROOT = Path(__file__).parents[2]


def has_plugins(folder: Path) -> bool:
    """Whether the distribution declares more than the plugin API that it was made for."""
    points = tomllib.loads((folder / "pyproject.toml").read_text())["project"].get("entry-points", {})
    return bool(points.keys() - {"runrack.plugin_api"})


PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml") if has_plugins(path.parent))


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_the_manifest_is_up_to_date(plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`runrack plugins manifest` would write exactly the file that is there."""
    monkeypatch.setenv("RUNRACK_HOME", str(tmp_path))
    package = f"runrack_{plugin.name}"
    result = CliRunner().invoke(build_command_line(), ["plugins", "manifest", package, "--check"])
    assert (result.exit_code, result.stdout.strip()) == (0, f"ok: {plugin}/src/{package}/runrack_plugin.json")
