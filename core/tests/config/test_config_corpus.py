"""Every bad file of the corpus gets the message that its first line expects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from runrack.config.document import load_document
from runrack.config.evaluation import evaluate_or_raise
from runrack.config.problem import Position
from runrack.errors import ConfigError

_FILES = sorted((Path(__file__).parent / "corpus").glob("*.yaml"))
_EXPECTATION = re.compile(r"# expect (\d+):(\d+) (\S+)(?: did-you-mean=(\S+))?")
_SECRETS = ("hunter2", "98765432101234")


@dataclass(frozen=True)
class _Expectation:
    position: Position
    path: str
    suggestion: str | None


def _expectation(file: Path) -> _Expectation:
    first_line = file.read_bytes().split(b"\n", 1)[0].decode()
    match = _EXPECTATION.fullmatch(first_line)
    assert match is not None, first_line
    line, column, path, suggestion = match.groups()
    return _Expectation(Position(str(file), int(line), int(column)), path.removeprefix("-"), suggestion)


def _error(file: Path, schema) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        _load(file, schema)
    return raised.value


def _load(file: Path, schema) -> None:
    document = load_document(file)
    evaluate_or_raise(schema, document.value, document=document, resolve=False)


def test_the_corpus_is_large_enough():
    """There are at least 60 bad files."""
    assert len(_FILES) >= 60


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_bad_file(file, schema):
    """A bad file has one problem, at the line, column and path and with the suggestion that it expects."""
    expected = _expectation(file)

    error = _error(file, schema)

    assert len(error.problems) == 1, error.message
    problem = error.problems[0]
    assert (problem.position, problem.path, problem.suggestion) == (
        expected.position,
        expected.path,
        expected.suggestion,
    ), error.message


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_bad_file_message(file, schema):
    """The message of a bad file begins with its position, is short, and shows no value."""
    error = _error(file, schema)

    assert error.message.startswith(f"{error.problems[0].position}")
    assert len(error.message) <= 600
    assert not any(secret in error.message for secret in _SECRETS)
