"""The page "Write a storage" and its worked example are one."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plugins" / "runrack-ledger"
NAMED_BLOCK = re.compile(r"^```\w+\n# (?P<name>\S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWN = {
    found["name"]: found["text"]
    for found in NAMED_BLOCK.finditer((ROOT / "docs" / "storages.md").read_text())
    if found["name"] != "runrack.yaml"
}
SOURCES = [
    path.relative_to(EXAMPLE).as_posix()
    for path in sorted(EXAMPLE.rglob("*"))
    if path.suffix in {".py", ".toml"}
]


def test_the_page_shows_the_whole_example() -> None:
    """Each file of the example is on the page, and no other."""
    assert sorted(SHOWN) == sorted(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_the_page_shows_a_file_as_it_is(name: str) -> None:
    """A block that names a file has its text."""
    assert SHOWN[name] == (EXAMPLE / name).read_text()
