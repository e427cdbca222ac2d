"""Installed plugins for tests: distributions that are real folders, so that nothing of the host has to be patched.

A test puts the folder that they are written into on `sys.path` (in this process) or into `PYTHONPATH` (for another).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

BrokenKind = Literal[
    "missing_dependency", "syntax_error", "missing_attribute", "raising", "wrong_class", "sys_exit", "slow"
]

BROKEN_KINDS: tuple[BrokenKind, ...] = (
    "missing_dependency",
    "syntax_error",
    "missing_attribute",
    "raising",
    "wrong_class",
    "sys_exit",
)
"""The ways in which `broken_distribution` can break a plugin so that its import fails at once.

The import of the kind `slow` never ends instead: it shows what imports a plugin that it has no need of.
"""

_BROKEN_SOURCES: Mapping[BrokenKind, str] = {
    "missing_dependency": "import surely_not_installed\n\nclass Broken: pass\n",
    "syntax_error": "class Broken(:\n",
    "missing_attribute": "class Brokne: pass\n",
    "raising": "raise RuntimeError('the import of this plugin raises')\n",
    "wrong_class": "class Broken: pass\n",
    "sys_exit": "import sys\n\nsys.exit(3)\n",
    "slow": "import time\n\nwhile True:\n    time.sleep(60)\n",
}


def fake_distribution(
    site_dir: Path,
    name: str,
    version: str = "1.0",
    entry_points: Mapping[str, Mapping[str, str]] | None = None,
    modules: Mapping[str, str] | None = None,
    requires: Sequence[str] = (),
    *,
    requires_python: str | None = None,
) -> Path:
    """Write a distribution as an installer would, and return its metadata folder.

    Args:
        site_dir: Folder to install into; made when missing.
        name: Name of the distribution.
        version: Its version.
        entry_points: For each group the names and their values.
        modules: For each file, as a path below `site_dir` such as `acme/runs.py`, its source.
        requires: Its requirements, as in `psycopg>=3; extra == "psycopg"`.
        requires_python: The Python versions that it says it needs.
    """
    folder = site_dir / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    python = [f"Requires-Python: {requires_python}"] if requires_python else []
    required = [f"Requires-Dist: {requirement}" for requirement in requires]
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *python, *required]
    (folder / "METADATA").write_text("\n".join([*metadata, "", ""]), encoding="utf-8")
    (folder / "REQUESTED").touch()
    if entry_points:
        sections = [_section(group, entries) for group, entries in entry_points.items()]
        (folder / "entry_points.txt").write_text("\n".join(sections), encoding="utf-8")
    for file, source in (modules or {}).items():
        path = site_dir / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return folder


def broken_distribution(site_dir: Path, kind: BrokenKind, slot: str = "run_storage") -> Path:
    """Write a distribution whose plugin cannot be used, and return its metadata folder.

    The distribution is `broken-<kind>` in version 6.6, its plugin has the name `<kind>`, both with hyphens or underscores
    as usual. The missing dependency of `missing_dependency` would come with the extra `driver`.

    Args:
        site_dir: Folder to install into.
        kind: What is wrong with the plugin.
        slot: The slot that it claims to fill.
    """
    package = f"broken_{kind}"
    return fake_distribution(
        site_dir,
        package.replace("_", "-"),
        "6.6",
        entry_points={f"runrack.{slot}": {kind: f"{package}:Broken"}, "runrack.plugin_api": {"1": package}},
        modules={f"{package}/__init__.py": _BROKEN_SOURCES[kind]},
        requires=['surely-not-installed>=1; extra == "driver"'],
        requires_python=">=3.99" if kind == "syntax_error" else None,
    )


def _section(group: str, entries: Mapping[str, str]) -> str:
    lines = [f"{name} = {value}" for name, value in entries.items()]
    return "\n".join([f"[{group}]", *lines, ""])
