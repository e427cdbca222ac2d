"""Links between pages lead somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<target>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
FENCED = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors that the headings of a page give."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_relative_link_leads_to_a_file_or_heading(page: Path) -> None:
    """A relative link names a file of the repository, and a heading that this file has."""
    dangling = []
    for link in LINK.finditer(FENCED.sub("", page.read_text())):
        target = page.parent / link["target"] if link["target"] else page
        if not target.exists() or (link["anchor"] and link["anchor"] not in anchors(target)):
            dangling.append(link[0])
    assert dangling == []


def test_every_page_is_in_the_navigation() -> None:
    """A page that nobody can reach is not documentation: it stands in mkdocs.yml, or in the index of the error codes."""
    navigation = (ROOT / "mkdocs.yml").read_text() + (ROOT / "docs" / "errors" / "index.md").read_text()
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page.removeprefix("errors/") not in navigation] == []


def test_the_site_has_a_page_of_each_plugin() -> None:
    """docs/parts holds a link to each README (`ln -s ../../plugins/NAME/README.md docs/parts/NAME.md`), and index.md names it."""
    parts = ROOT / "docs" / "parts"
    linked = {page.stem: page.resolve() for page in parts.glob("*.md") if page.is_symlink()}
    assert linked == {readme.parent.name: readme for readme in ROOT.glob("plugins/*/README.md")}
    index = (parts / "index.md").read_text()
    assert [name for name in linked if f"]({name}.md)" not in index] == []


def test_the_page_of_a_plugin_can_stand_anywhere() -> None:
    """A plugin's README is read on a package index, in the repository and in the site: it has no relative links."""
    readmes = ROOT.glob("plugins/*/README.md")
    assert [link[0] for readme in readmes for link in LINK.finditer(FENCED.sub("", readme.read_text()))] == []
