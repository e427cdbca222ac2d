"""Collects the pages of the documentation and lists the blocks that are not run."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOBS = [
    "*.md",
    "docs/**/*.md",
    "core/README.md",
    "plugins/*/README.md",
    "examples/**/*.md",
    "plugin_template/*.md",
]
PAGES = sorted({page for glob in GLOBS for page in ROOT.glob(glob)})
PAGES_WITH_BLOCKS = [page for page in PAGES if not page.is_symlink()]
"""All but the pages of error codes, whose blocks have to fail: test_error_pages.py follows them."""

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*).*$")
NOT_RUN = re.compile(r"^\s*<!-- not run: (?P<reason>\S.*) -->\s*$")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page.

    Attributes:
        line: The line of its first line of text, counted from 1.
        not_run: Why the block is not run, from the marker above it; None when it is run.
    """

    page: Path
    line: int
    language: str
    text: str
    not_run: str | None

    @property
    def file_name(self) -> str | None:
        """The file that the block shows: its first line is a comment with a file name, like `# run.yaml`."""
        named = re.match(r"#\s*([\w./-]+\.\w+)\s*$", self.text.partition("\n")[0])
        return named[1] if named else None

    @property
    def where(self) -> str:
        """The page and the line, as an editor opens them."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines = page.read_text().splitlines()
    marker, opened, start = None, None, 0
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if opened is not None and line.strip() == "```":
            indent = len(opened["indent"])
            text = "".join(f"{inner[indent:]}\n" for inner in lines[start:number])
            found.append(Block(page, start + 1, opened["language"], text, marker))
            marker, opened = None, None
        elif opened is None and fence:
            opened, start = fence, number + 1
        elif opened is None and line.strip():
            comment = NOT_RUN.match(line)
            marker = comment["reason"] if comment else None
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    if "blocks" in metafunc.fixturenames:
        every = {str(page.relative_to(ROOT)): blocks_of(page) for page in PAGES_WITH_BLOCKS}
        with_blocks = {name: blocks for name, blocks in every.items() if blocks}
        metafunc.parametrize("blocks", with_blocks.values(), ids=with_blocks.keys())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    exceptions = [block for page in PAGES_WITH_BLOCKS for block in blocks_of(page) if block.not_run]
    terminalreporter.section(f"documentation blocks not run: {len(exceptions)}", sep="-")
    for block in exceptions:
        terminalreporter.line(f"{block.where}: {block.not_run}")
