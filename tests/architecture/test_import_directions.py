"""Which way imports point between the core and the plugins, also those hidden in functions.

import-linter holds the floors inside the core; its package lists take no glob, so what spans packages is held here.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))

OPEN_TO_EVERY_PLUGIN = {"definitions", "host", "config", "interfaces", "hookspecs", "records", "errors"}
"""Floors 0 to 3 of the core."""

SUITES = ("/conformance.py:", "/testing/")
"""The module with which a plugin says how the suites make it, and suites for plugins that build on this one. Only tests import
them, so they may use `runrack.testing` and all that it stands on."""

RUNS_STEPS_OR_RUNS = {"runrack.executor", "runrack.run_launcher"}
"""The slots whose plugins may use the engine's public face, `runrack.engine` itself."""


def imports(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Every import below a folder that runs: where it stands, the module, and the name taken from it (or "")."""
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text(), file)
        type_checking_only = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            where = f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if id(node) in type_checking_only:
                continue
            if isinstance(node, ast.Import):
                yield from ((where, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (
                    (where, "." * node.level + (node.module or ""), alias.name) for alias in node.names
                )


def is_open_to_plugins(module: str, name: str, *, engine: bool) -> bool:
    """Whether a plugin may take this name from this module of the core."""
    if module == "runrack":
        return name in OPEN_TO_EVERY_PLUGIN or (engine and name == "engine")
    floor = module.split(".")[1]
    return floor in OPEN_TO_EVERY_PLUGIN or (engine and module == "runrack.engine")


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_imports_only_the_floors_that_are_open_to_it(plugin: Path) -> None:
    """A plugin uses floors 0 to 3 of the core; what runs steps or runs also uses the face of the engine."""
    manifest = (plugin / "pyproject.toml").read_text()
    engine = any(f'"{group}"' in manifest for group in RUNS_STEPS_OR_RUNS)
    forbidden = [
        f"{where}: {module} {name}"
        for where, module, name in imports(plugin / "src")
        if module.split(".")[0] == "runrack"
        and not is_open_to_plugins(module, name, engine=engine)
        and not any(suites in where for suites in SUITES)
    ]
    assert forbidden == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_imports_no_other_plugin(plugin: Path) -> None:
    """Plugins do not know each other; `runrack_sql` is a library that SQL plugins declare."""
    allowed = {f"runrack_{plugin.name}"}
    if '"runrack-sql==' in (plugin / "pyproject.toml").read_text():
        allowed.add("runrack_sql")
    others = [
        f"{where}: {module}"
        for where, module, _ in imports(plugin / "src")
        if module.startswith("runrack_") and module.split(".")[0] not in allowed
    ]
    assert others == []


def test_every_import_is_absolute() -> None:
    """An import names the whole path of its module."""
    sources = [ROOT / "core" / "src", *(plugin / "src" for plugin in PLUGINS)]
    assert [
        where for source in sources for where, module, _ in imports(source) if module.startswith(".")
    ] == []


def test_the_core_imports_no_plugin() -> None:
    """The core works with whatever is installed, so it names no plugin and no database library."""
    graph = grimp.build_graph("runrack", include_external_packages=True, cache_dir=None)
    external = {
        module for module in graph.modules if not module.startswith("runrack.") and module != "runrack"
    }
    assert {name for name in external if name.startswith(("runrack_", "sqlalchemy", "alembic"))} == set()


def test_the_core_does_not_import_its_own_facade() -> None:
    """Inside the core, names come from the module that defines them, never through `runrack` itself."""
    graph = grimp.build_graph("runrack", exclude_type_checking_imports=True, cache_dir=None)
    assert graph.find_modules_that_directly_import("runrack") == set()
