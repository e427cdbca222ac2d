"""One slip of the finger anywhere in a valid file: the message leads to the place, and to the name that was meant.

The valid files hold every setting of every installed plugin and of runrack itself; they are made from the schemas. Each typo
is one edit of one file, chosen by counting and not by chance, so a failure can be repeated.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import pytest

from runrack.cli.configuration_check import check_configuration
from runrack.cli.plugin_schemas import ManifestSchemas
from runrack.config.document import parse_document
from runrack.config.problem import ConfigProblem
from runrack.config.scalar import AnyValue, Bool, ConfigType, Enum, Float, Int, String
from runrack.config.vocabulary import Array, Map, Noneable, Selector, Shape, Union
from runrack.errors import ConfigError
from runrack.host.registry import PluginRegistry
from runrack.host.slots import get_slot
from runrack.instance.configuration import PART_SLOTS, SETTINGS

FILES = 200
"""How many typos `make test` tries; `make soak` tries all."""

MAX_CHARACTERS = 600

_SAMPLES = ((Bool, True), (Int, 7), (Float, 0.5), (String, "text"), (AnyValue, "text"))
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


def sample(config: ConfigType, choice: int) -> Any:  # noqa: PLR0911 - one for each type
    """Return a valid value with all that the type knows; of alternatives the one that `choice` selects."""
    match config:
        case Enum():
            return config.values[0]
        case Noneable():
            return sample(config.inner, choice)
        case Array():
            return [sample(config.inner, choice)]
        case Map():
            return {"some": sample(config.inner, choice)}
        case Selector():
            name, field = list(config.fields.items())[choice % len(config.fields)]
            return {name: sample(field.config_type, choice)}
        case Union():
            return sample(config.inner[choice % len(config.inner)], choice)
        case Shape():
            return {name: sample(field.config_type, choice) for name, field in config.fields.items()}
    return next(value for kind, value in _SAMPLES if isinstance(config, kind))


@cache
def valid_files() -> tuple[dict[str, Any], ...]:
    """Return the content of the valid files: one for each plugin, and one for each section of settings, in variants."""
    registry, schemas = PluginRegistry(), ManifestSchemas()
    files = []
    for slot in PART_SLOTS:
        for record in registry.list_plugins(slot):
            found = schemas.find(slot, record.target)
            key = get_slot(slot).yaml_key
            if found is not None and key is not None:
                files += [{key: {record.name: sample(found.config_type, choice)}} for choice in range(2)]
    for name, field in SETTINGS.items():
        files += [{name: sample(field.config_type, choice)} for choice in range(2)]
    return tuple(files)


def written(value: Any, indent: int = 0) -> list[str]:
    """Return the lines of a value in block style."""
    pad = " " * indent
    lines = []
    if isinstance(value, list):
        for item in value:
            first, *rest = written(item, indent + 2)
            lines += [f"{pad}- {first.lstrip()}", *rest]
        return lines
    if not isinstance(value, dict):
        return [f"{pad}{_scalar(value)}"]
    for key, item in value.items():
        is_nested = isinstance(item, dict | list) and item
        lines += (
            [f"{pad}{key}:", *written(item, indent + 2)] if is_nested else [f"{pad}{key}: {_scalar(item)}"]
        )
    return lines


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


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
    lines = written(content)
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


@cache
def all_typos() -> tuple[Typo, ...]:
    """Return every typo of every valid file, those of one kind together."""
    found = itertools.chain.from_iterable(map(typos_of, valid_files()))
    return tuple(sorted(found, key=lambda typo: typo.kind))


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


def test_the_valid_files_are_valid():
    """Without a typo there is nothing wrong: what is found is found because of it."""
    assert [problems_of("\n".join(written(content))) for content in valid_files()] == [[]] * len(
        valid_files()
    )


def test_a_typo_is_placed_and_the_name_guessed():
    """Of many files with one edit each: line and column always, the name that was meant nine times out of ten, and short."""
    typos = all_typos()
    chosen = typos[:: len(typos) // FILES]
    assert len(chosen) >= FILES
    assert {typo.kind for typo in chosen} == {typo.kind for typo in typos}
    check_all(chosen)


@pytest.mark.soak
def test_every_typo_is_placed_and_the_name_guessed():
    """The same for every typo of every file."""
    check_all(all_typos())
