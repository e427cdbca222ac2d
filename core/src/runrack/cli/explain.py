"""`runrack explain`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from runrack.cli.output.json_output import json_option, print_json
from runrack.config.problem import nearest
from runrack.errors import InvalidArgumentError

PAGES = Path(__file__).parents[1] / "error_pages"
"""A page for each error code, named after it; the documentation shows the same files."""

_PREFIX = "RR-"
_COMMENT = re.compile(r"^<!--.*-->\n", re.MULTILINE)


@click.command
@click.argument("codes", metavar="[CODE]...", nargs=-1)
@json_option
def command(codes: tuple[str, ...], as_json: bool) -> None:
    """Print what an error code means and what to do about it.

    CODE is what stands at the end of an error, such as RR-C301; the prefix may be left out. Without one, all codes are listed.
    """
    pages = {page.stem: page for page in sorted(PAGES.glob(f"{_PREFIX}*.md"))}
    texts = {code: _text(pages[code]) for code in [_find(code, pages) for code in codes] or pages}
    if as_json:
        print_json([{"code": code, "title": _title(text), "text": text} for code, text in texts.items()])
    elif codes:
        click.echo("\n".join(texts.values()), nl=False)
    else:
        for code, text in texts.items():
            click.echo(f"{code}  {_title(text)}")


def _find(given: str, pages: dict[str, Path]) -> str:
    code = given.upper() if given.upper().startswith(_PREFIX) else f"{_PREFIX}{given.upper()}"
    if code in pages:
        return code
    near = nearest(code, pages)
    hint = f"; did you mean {near}?" if near else "."
    raise InvalidArgumentError(f"there is no error code {given!r}{hint} `runrack explain` lists them all")


def _text(page: Path) -> str:
    return _COMMENT.sub("", page.read_text("utf-8"))


def _title(text: str) -> str:
    return text.partition("\n")[0].partition(": ")[2]
