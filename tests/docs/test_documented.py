"""Whatever a user can name has a place in the documentation; what is missing is computed from the code.

Error codes are held by test_error_pages.py, slots by tests/architecture/test_plugin_guide.py, and the options of commands by
core/tests/cli/test_cli_command_line.py.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from runrack import hookspecs
from runrack.cli.command_line import build_command_line
from runrack.host.discovery import discover
from runrack.host.manifest import read_manifest, top_level_package
from runrack.host.slots import SLOTS
from runrack.instance.configuration import SETTINGS
from runrack.records import tags

ROOT = Path(__file__).parents[2]
PAGES = {page: page.read_text() for page in (ROOT / "docs").rglob("*.md") if not page.is_symlink()}
READMES = {page: page.read_text() for page in ROOT.glob("plugins/*/README.md")}
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]
TAGS = [
    value
    for name, value in vars(tags).items()
    if name.isupper() and isinstance(value, str) and value != "runrack/"
]
VARIABLES = sorted(
    {
        variable
        for source in [ROOT / "core" / "src", *ROOT.glob("plugins/*/src")]
        for module in source.rglob("*.py")
        if "testing" not in module.parts
        for variable in re.findall(r"\"(RUNRACK_[A-Z_]+)\"", module.read_text())
    }
)


def code_spans(text: str) -> str:
    """Everything of a page that is set as code: spans and blocks."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


CODE = "\n".join(code_spans(text) for text in [*PAGES.values(), *READMES.values()])


def is_named(name: str) -> bool:
    """Whether a name stands as a word of its own in code somewhere in the documentation."""
    return re.search(rf"(?<![\w-]){re.escape(name.rstrip('/'))}(?![\w-])", CODE) is not None


def command_names(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The commands below a group, as they are typed."""
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from command_names(command, (*path, name))
            else:
                yield " ".join((*path, name))


def keys_of(schema: Mapping[str, Any]) -> Iterator[str]:
    """The keys that a JSON Schema names, at any depth."""
    if "x-renamed-to" in schema:
        return
    for key, below in schema.get("properties", {}).items():
        yield key
        yield from keys_of(below)
    for alternative in schema.get("anyOf", ()):
        yield from keys_of(alternative)
    if isinstance(schema.get("items"), dict):
        yield from keys_of(schema["items"])


def plugin_keys() -> list[tuple[str, str]]:
    """Each key of the configuration of our own plugins, with the package that has it."""
    packages = {
        top_level_package(entry.value)
        for entry in discover().entries
        if entry.distribution.startswith("runrack-")
    }
    manifests = [(package, read_manifest(package)) for package in sorted(packages)]
    return sorted(
        {
            (package, key)
            for package, manifest in manifests
            if manifest is not None and (ROOT / "plugins" / package.removeprefix("runrack_")).exists()
            for entry in manifest.plugins
            if entry.config_schema is not None
            for key in keys_of(entry.config_schema)
            if key not in {"env", "file", "default"}
        }
    )


SETTING_KEYS = sorted(
    {key for name, field in SETTINGS.items() for key in [name, *keys_of(field.json_schema(references=False))]}
)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented(hook: str) -> None:
    """The plugin guide names it: add a row to the table of docs/plugins.md, "Listen instead of replace"."""
    assert re.search(rf"^\| [^|]*`{hook}`", PAGES[ROOT / "docs" / "plugins.md"], re.MULTILINE)


@pytest.mark.parametrize("slot", SLOTS)
def test_every_slot_is_documented(slot: str) -> None:
    """The plugin guide names its group of entry points, and docs/configuration.md its key."""
    assert f"`runrack.{slot}`" in PAGES[ROOT / "docs" / "plugins.md"]
    key = SLOTS[slot].yaml_key
    assert key is None or f"`{key}`" in PAGES[ROOT / "docs" / "configuration.md"]


@pytest.mark.parametrize("command", sorted(command_names(build_command_line())))
def test_every_command_is_documented(command: str) -> None:
    """docs/cli.md has a section for it."""
    assert re.search(rf"^#+ `runrack {command}\b", PAGES[ROOT / "docs" / "cli.md"], re.MULTILINE)


@pytest.mark.parametrize("key", SETTING_KEYS)
def test_every_setting_is_documented(key: str) -> None:
    """Each key of runrack.yaml that is the core's own stands on a page: add it to docs/configuration.md or docs/daemon.md."""
    assert is_named(key)


@pytest.mark.parametrize(("package", "key"), plugin_keys())
def test_every_key_of_a_plugin_is_documented(package: str, key: str) -> None:
    """Each key of a plugin's configuration stands in its README or on a page: add it to plugins/NAME/README.md."""
    assert is_named(key)


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_environment_variable_is_documented(variable: str) -> None:
    """Each variable that the packages read stands in docs/configuration.md; those for tests beside the fixtures that read them."""
    assert f"`{variable}" in PAGES[ROOT / "docs" / "configuration.md"]


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_is_documented(tag: str) -> None:
    """Each tag that runrack itself reads or writes stands in docs/tags.md."""
    assert tag in PAGES[ROOT / "docs" / "tags.md"]
