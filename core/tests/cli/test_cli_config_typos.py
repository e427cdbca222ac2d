"""One slip of the finger anywhere in a valid file: the message leads to the place, and to the name that was meant.

The valid files hold every setting of every installed plugin and of runrack itself; they are made from the schemas. Each typo
is one edit of one file, chosen by counting and not by chance, so a failure can be repeated.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest

from runrack.cli.config.configuration_check import check_configuration
from runrack.cli.plugins.schemas import ManifestSchemas
from runrack.config.document import parse_document
from runrack.config.problem import ConfigProblem
from runrack.errors import ConfigError
from runrack.host.registry import PluginRegistry
from runrack.testing.sample_configuration import block_style

FILES = 200
"""How many typos `make test` tries; `make soak` tries all."""

MAX_CHARACTERS = 600

_BESIDE = dict(zip("abcdefghijklmnopqrstuvwxyz_", "svxfrghjokloknplwtdyivecuxk-", strict=False))


class Typo(NamedTuple):
    """A file with one edit.

    Attributes:
        kind: What was edited.
        text: The file.
        line: Where the message has to lead, counted from 1.
        column: The same.
        suggestion: The name that was meant, where one was.
    """

    kind: str
    text: str
    line: int
    column: int
    suggestion: str | None = None


def slips(name: str) -> list[str]:
    """Return the name with one letter left out, doubled, swapped with the next, and replaced by the key beside it.

    The letter is the first, one in the middle, and the last.
    """
    found = []
    for at in {0, len(name) // 2, len(name) - 1}:
        letter, before, after = name[at], name[:at], name[at + 1 :]
        found += [before + after, before + letter + name[at:], before + _BESIDE.get(letter, "q") + after]
        found.append(f"{before}{after[:1]}{letter}{after[1:]}")
    return sorted(set(found) - {name, ""})


def typos_of(content: dict[str, Any]) -> Iterator[Typo]:
    """Yield every typo of a valid file."""
    lines = block_style(content)
    for number, line in enumerate(lines):
        start = len(line) - len(line.lstrip(" -"))
        key, colon, value = line[start:].partition(":")
        for slip in slips(key) if colon else ():
            edited = f"{line[:start]}{slip}:{value}"
            yield _typo("name", lines, number, edited, start, suggestion=key)
        yield from _typos_of_value(lines, number, len(line) - len(value.lstrip()), value.strip())
        if number and value and not line.lstrip().startswith("-") and start == _indent(lines[number - 1]):
            yield from _typos_of_layout(lines, number, start, key)


def _typos_of_value(lines: list[str], number: int, column: int, value: str) -> Iterator[Typo]:
    line = lines[number]
    if value in {"7", "true"}:
        yield _typo("quotes", lines, number, f'{line[:column]}"{value}"', column)
    if value == "text":
        yield _typo("open quote", lines, number, f'{line[:column]}"{value}', column)
        yield _typo("number", lines, number, f"{line[:column]}7", column)
    if value.isupper() and len(value) > 3:
        for slip in slips(value):
            yield _typo("choice", lines, number, line[:column] + slip, column, suggestion=value)


def _typos_of_layout(lines: list[str], number: int, start: int, key: str) -> Iterator[Typo]:
    """The line has a sibling above it, so it cannot stand one column to the right or left of it."""
    line = lines[number]
    is_after_scalar = not lines[number - 1].endswith(("}", "]", ":"))
    if is_after_scalar:
        yield _typo("pushed in", lines, number, f" {line}", start + 1 + len(key))
    if start:
        yield _typo("pulled out", lines, number, line[1:], start - 1)
        yield _typo("tab", lines, number, f"\t{line.lstrip()}", 0)
    yield Typo("twice", "\n".join([*lines[: number + 1], *lines[number:]]), number + 2, start + 1)
    yield _typo("no colon", lines, number, line.replace(":", "", 1), start)
    yield _typo("no space", lines, number, line.replace(": ", ":", 1), start)


def _typo(
    kind: str, lines: list[str], number: int, line: str, column: int, suggestion: str | None = None
) -> Typo:
    text = "\n".join([*lines[:number], line, *lines[number + 1 :]])
    return Typo(kind, f"{text}\n", number + 1, column + 1, suggestion)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" -"))


@pytest.fixture(scope="module")
def typos(sample_configurations: Sequence[dict[str, Any]]) -> list[Typo]:
    """Every typo of every valid file, those of one kind together."""
    found = itertools.chain.from_iterable(map(typos_of, sample_configurations))
    return sorted(found, key=lambda typo: typo.kind)


def problems_of(text: str) -> list[ConfigProblem]:
    """Return what `config check` finds wrong with a file."""
    try:
        document = parse_document(text, "runrack.yaml")
    except ConfigError as error:
        return list(error.problems)
    return check_configuration(document, PluginRegistry(), ManifestSchemas(), resolve=False).problems


def check_all(chosen: Sequence[Typo]) -> None:
    """Assert what messages owe to a reader, and print how often a name was guessed."""
    found = {typo: problems_of(typo.text) for typo in chosen}
    wrong = {
        typo: problems for typo, problems in found.items() if _place(problems) != (typo.line, typo.column)
    }
    assert wrong == {}
    assert max(len(str(problem)) for problems in found.values() for problem in problems) <= MAX_CHARACTERS

    named = [typo for typo in chosen if typo.suggestion is not None]
    guessed = [typo for typo in named if found[typo][0].suggestion == typo.suggestion]
    kinds = dict(Counter(typo.kind for typo in chosen))
    print(  # noqa: T201 - the figures
        f"{len(chosen)} typos, all placed; {len(guessed)} of {len(named)} names guessed; {kinds}"
    )
    assert len(guessed) >= 0.9 * len(named)


def _place(problems: list[ConfigProblem]) -> tuple[int, int] | None:
    position = problems[0].position if problems else None
    return None if position is None else position[1:]


def test_the_valid_files_are_valid(sample_configurations):
    """Without a typo there is nothing wrong: what is found is found because of it."""
    for content in sample_configurations:
        assert problems_of("\n".join(block_style(content))) == [], content


def test_a_typo_is_placed_and_the_name_guessed(typos):
    """Of many files with one edit each: line and column always, the name that was meant nine times out of ten, and short."""
    chosen = typos[:: len(typos) // FILES]
    assert len(chosen) >= FILES
    assert {typo.kind for typo in chosen} == {typo.kind for typo in typos}
    check_all(chosen)


@pytest.mark.soak
def test_every_typo_is_placed_and_the_name_guessed(typos):
    """The same for every typo of every file."""
    check_all(typos)
