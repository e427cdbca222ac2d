"""The project of a new plugin: rendered from the template that ships with the core."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runrack.errors import ConflictError, InvalidArgumentError, PluginError

TEMPLATE = Path(__file__).resolve().parents[2] / "plugin_template"
"""The template; in the repository a link to the folder `plugin_template`."""

ANSWERS_FILE = ".runrack-template.yml"
"""The file of a project that says what it was made from."""

_RUN_RUNRACK = "from runrack.cli.entry import main; main()"


def make_project(folder: Path, answers: Mapping[str, object], *, asks: bool) -> None:
    """Make a project in a folder that is empty or not there.

    Args:
        folder: The folder.
        answers: The answers to questions of the template.
        asks: Whether the other questions are asked; otherwise each gets its default.

    Raises:
        ConflictError: There is something in the folder.
        InvalidArgumentError: An answer is not what the question asks for.
        PluginError: The extra is not installed.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is there and not empty: name another folder with --into")
    render(TEMPLATE, folder, answers, asks=asks)


def render(template: Path, folder: Path, answers: Mapping[str, object], *, asks: bool = False) -> None:
    """Write what a template makes of these answers.

    Raises:
        InvalidArgumentError: An answer is not what the question asks for.
        PluginError: The extra is not installed.
    """
    try:
        from copier import run_copy
        from copier.errors import CopierError
    except ImportError:
        raise PluginError(
            "a new project is made by copier, which only authors of plugins need, and which is not installed",
            fix="pip install 'runrack-core[new]'",
        ) from None
    try:
        run_copy(str(template.resolve()), folder, data=dict(answers), defaults=not asks, quiet=True)
    except (CopierError, ValueError) as error:
        raise InvalidArgumentError(f"the project was not made: {' '.join(str(error).split())}") from error


def write_manifest(folder: Path) -> str | None:
    """Write the manifest of the package of a project that need not be installed; return why not, if it was not written.

    What the package imports has to be installed. It is imported in a process of its own.
    """
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = next(iter(project["entry-points"]["runrack.plugin_api"].values()))
    with tempfile.TemporaryDirectory() as site:
        _write_metadata(Path(site), project)
        path = [site, str(folder.absolute() / "src"), os.environ.get("PYTHONPATH", "")]
        # Neither the author's own runrack.yaml nor an index of plugins that holds this folder.
        apart = {"RUNRACK_HOME": site, "RUNRACK_NO_INDEX": "1"}
        done = subprocess.run(  # noqa: S603 - this interpreter, and a package that was just made
            [sys.executable, "-c", _RUN_RUNRACK, "plugins", "manifest", package],
            env={**os.environ, **apart, "PYTHONPATH": os.pathsep.join(filter(None, path))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == 0:
        return None
    told = done.stderr.partition("error: ")[2].partition("\n")[0]
    return told or f"the command exits with {done.returncode}"


def _write_metadata(site: Path, project: Mapping[str, Any]) -> None:
    """Write what an installer would write about a project, as far as plugins are found by it."""
    name, version = project["name"].replace("-", "_"), project["version"]
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items()), ""]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
