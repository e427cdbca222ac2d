"""Every error code has a page, and the example of a page shows what really happens.

The blocks of a page are followed in order, in a folder of their own: named blocks are saved, and a `console` block runs a command of
runrack that prints exactly what is shown. A `python` block has to raise the error whose message the `text` block after it shows, or it
prepares what the `console` block after it needs. At least one block of a page fails, but for those in REPORTED. `…` in a page stands for any text.
"""

import importlib
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runrack import errors
from runrack.cli.command_line import build_command_line
from runrack.cli.explain import PAGES
from runrack.cli.failure import UNEXPECTED_CODE
from runrack.config.problem import ProblemCode
from runrack.errors import ConfigError, RunrackError
from runrack.host.entry_point import Diagnostic
from runrack.host.loading import LoadFault
from runrack.testing.plugins import fake_distribution

ROOT = Path(__file__).parents[2]
SITE_PAGES = ROOT / "docs" / "errors"
FENCED = re.compile(
    r"^(?P<marker><!-- not run: .*-->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
FILE_NAME = re.compile(r"# ([\w./-]+\.\w+)\n")

CLASSES = [found for found in vars(errors).values() if isinstance(found, type) and hasattr(found, "code")]
SINGLE_CODES = {UNEXPECTED_CODE, Diagnostic.code}
CODES = {*(found.code for found in CLASSES), *ProblemCode, *LoadFault, *SINGLE_CODES}
FOUND = sorted(PAGES.glob("*.md"))

ACME = {"runrack.run_coordinator": {"acme": "acme_rack:AcmeCoordinator"}}
FAILING_COMMAND = """
import click
from runrack import hookimpl


@hookimpl
def command_line_built(group):
    group.add_command(click.Command("close-month", callback=lambda: {}["march"]))
"""
DISTRIBUTIONS: dict[str, list[dict[str, Any]]] = {
    "RR-P100": [
        {
            "name": "acme-rack",
            "entry_points": ACME,
            "modules": {"acme_rack/__init__.py": "", "acme_rack/runrack_plugin.json": "{"},
        }
    ],
    "RR-P102": [
        {"name": "acme-rack", "entry_points": ACME},
        {"name": "other-rack", "version": "2.1", "entry_points": ACME},
    ],
    "RR-P104": [
        {
            "name": "acme-rack",
            "version": "3.0",
            "entry_points": {**ACME, "runrack.plugin_api": {"2": "acme_rack"}},
            "requires": ["runrack-core>=2"],
        }
    ],
    "RR-P105": [
        {
            "name": "acme-rack",
            "entry_points": ACME,
            "modules": {"acme_rack/__init__.py": "import os\n\nos._exit(3)\n"},
        }
    ],
    "RR-X003": [
        {
            "name": "acme-rack",
            "entry_points": {"runrack.hooks": {"acme": "acme_rack"}},
            "modules": {"acme_rack/__init__.py": FAILING_COMMAND},
        }
    ],
    "RR-P108": [
        {"name": "acme-rack", "entry_points": {"runrack.run_storag": {"acme": "acme_rack:AcmeStorage"}}}
    ],
    "RR-P211": [
        {
            "name": "acme-rack",
            "entry_points": {"runrack.executor": {"acme": "acme_rack:AcmeExecutor"}},
            "modules": {"acme_rack/__init__.py": "class AcmeExecutor:\n    pass\n"},
        }
    ],
}
"""The installed distributions of which the examples of some pages tell, as `fake_distribution` makes them."""


REPORTED = {"RR-P105"}
"""The codes that a command which succeeds only tells of."""


def matches(shown: str, real: str) -> bool:
    """Whether a text is the one shown, where `…` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in shown.strip().split("…"))
    return re.fullmatch(pattern, real.strip(), re.DOTALL) is not None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the files of a page are saved: working directory, and first on the path of Python."""
    (tmp_path / ".runrack").mkdir(mode=0o700)
    for name in ("RUNRACK_DEBUG", "RUNRACK_SAFE_MODE", "RUNRACK_PLUGINS_BLOCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNRACK_HOME", str(tmp_path / ".runrack"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if (tmp_path / f"{name}.py").exists() or (tmp_path / name).exists():
            del sys.modules[name]


def follow_console(text: str) -> bool:
    """Run the command of a console block, which prints what the block shows; tell whether it fails."""
    command, _, shown = text.removeprefix("$ ").partition("\n")
    words = shlex.split(command)
    environment = {}
    while words[0] != "runrack":
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    result = CliRunner().invoke(
        build_command_line(), words[1:], prog_name="runrack", env={**os.environ, **environment}
    )
    assert matches(shown, result.output), result.output
    return result.exit_code > 0


def prepare(text: str) -> None:
    """Execute a python block that only prepares for a command."""
    exec(compile(text, "preparation", "exec", dont_inherit=True), {"__name__": "page"})


def follow_python(text: str, shown: str, code: str) -> None:
    """Execute a python block; it raises an error with this code and the message that is shown."""
    with pytest.raises(RunrackError) as raised:
        exec(compile(text, code, "exec", dont_inherit=True), {"__name__": "page"})
    error = raised.value
    assert matches(shown, error.message), error.message
    assert code in (error.codes if isinstance(error, ConfigError) else [error.code])


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    """The codes of the code and the pages of the package are the same: add core/src/runrack/error_pages/CODE.md."""
    assert {page.stem for page in FOUND} == CODES


def test_every_error_has_a_code_of_its_own() -> None:
    """No two classes share a code, and none has only the one that it inherits: give the new class a `code`."""
    own = [vars(found).get("code") for found in CLASSES]
    assert [found.__name__ for found, code in zip(CLASSES, own, strict=True) if code is None] == []
    assert len(CODES) == len(own) + len(ProblemCode) + len(LoadFault) + len(SINGLE_CODES)


def test_the_site_shows_the_pages_of_the_package() -> None:
    """docs/errors holds a link to each page (`ln -s ../../core/src/runrack/error_pages/CODE.md`), and index.md names it."""
    index = (SITE_PAGES / "index.md").read_text()
    linked = {
        page.name for page in SITE_PAGES.glob("*.md") if page.is_symlink() and page.resolve().parent == PAGES
    }
    assert linked == {page.name for page in FOUND}
    assert [page.name for page in FOUND if f"]({page.name})" not in index] == []


@pytest.mark.parametrize("error_page", FOUND, ids=lambda page: page.stem)
def test_a_page_has_the_four_parts(error_page: Path) -> None:
    """A page says what the code means, shows an example, and tells the usual causes and what to do."""
    text = error_page.read_text()
    assert re.match(rf"# {error_page.stem}: \S.*\n\n\S", text)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Example", "Usual causes", "What to do"]
    assert FENCED.search(text)


@pytest.mark.parametrize("error_page", FOUND, ids=lambda page: page.stem)
def test_the_example_of_a_page_is_true(error_page: Path, folder: Path) -> None:
    """Who follows the example meets the error, with the message that the page shows."""
    code = ""
    failed = is_shown_only = False
    for distribution in DISTRIBUTIONS.get(error_page.stem, ()):
        fake_distribution(folder, **distribution)
    for block in FENCED.finditer(error_page.read_text()):
        language, text = block["language"], block["text"]
        name = FILE_NAME.match(text)
        if block["marker"]:
            is_shown_only = True
            continue
        if name:
            target = folder / ".runrack" / name[1] if name[1] == "runrack.yaml" else folder / name[1]
            target.write_text(text)
        elif language == "console":
            prepare(code)
            code = ""
            failed |= follow_console(text)
        elif language == "python":
            code = text
        else:
            assert (language, bool(code)) == ("text", True)
            follow_python(code, text, error_page.stem)
            code = ""
            failed = True
    assert failed or is_shown_only or error_page.stem in REPORTED
