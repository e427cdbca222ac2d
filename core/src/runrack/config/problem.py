"""What is wrong with a configuration, where, and how a reader is shown it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from typing_extensions import override

DocumentPath = tuple[str | int, ...]
"""Where a value lies in a document: the keys and list indices that lead to it from the root."""

_MAX_CHARACTERS = 600
_MAX_NAME = 60
_MAX_COMPARED = 100


class Position(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    @override
    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class ProblemCode(StrEnum):
    """The stable code of each kind of problem: `runrack explain RR-C301` prints the page about it."""

    SYNTAX = "RR-C201"
    TOO_LARGE = "RR-C202"
    CHARACTER = "RR-C203"
    DUPLICATE_KEY = "RR-C204"
    YAML_FEATURE = "RR-C205"
    NO_MAPPING = "RR-C206"
    BAD_KEY = "RR-C207"
    UNKNOWN_KEY = "RR-C301"
    MISSING_KEY = "RR-C302"
    WRONG_TYPE = "RR-C303"
    UNKNOWN_NAME = "RR-C304"
    NOT_ONE_KEY = "RR-C305"
    NO_VALUE = "RR-C306"
    MISFIT = "RR-C307"
    RENAMED_KEY = "RR-C308"
    OUT_OF_RANGE = "RR-C309"
    BAD_REFERENCE = "RR-C401"
    UNRESOLVED_REFERENCE = "RR-C402"
    REFERENCE_TYPE = "RR-C403"
    EXCLUDING_KEYS = "RR-C501"


class ConfigProblem(NamedTuple):
    """One thing that is wrong with a configuration. It never holds a configuration value.

    Attributes:
        position: Where it stands, if the value comes from a file.
        path: The path of the value, such as `tag_concurrency_limits[0].limit`; empty for the whole.
        message: What is wrong and what was expected.
        suggestion: The valid name that is nearest to the one given.
        allowed: The names that are valid here.
        code: Which kind of problem it is.
    """

    position: Position | None
    path: str
    message: str
    suggestion: str | None = None
    allowed: tuple[str, ...] = ()
    code: ProblemCode = ProblemCode.MISFIT

    @override
    def __str__(self) -> str:
        where = " ".join(part for part in (str(self.position or ""), self.path) if part)
        text = f"{where}: {self.message}" if where else self.message
        if self.suggestion is not None:
            text += f"; did you mean {self.suggestion!r}?"
        if self.allowed:
            text += f"{'' if self.suggestion is not None else ';'} allowed: {', '.join(self.allowed)}"
        return _shorten(_printable(text), _MAX_CHARACTERS)


def render(problems: Iterable[ConfigProblem], limit: int = 10) -> str:
    """One line a problem in the order of the document, at most `limit`, then how many more there are."""
    ordered = in_order(problems)
    lines = [str(problem) for problem in ordered[:limit]]
    if len(ordered) > limit:
        lines.append(f"and {len(ordered) - limit} more")
    return "\n".join(lines)


def in_order(problems: Iterable[ConfigProblem]) -> list[ConfigProblem]:
    """The problems in the order of the document, each once; those without a position come last."""
    return sorted(dict.fromkeys(problems), key=lambda p: (p.position is None, p.position or ()))


def format_path(path: Sequence[str | int]) -> str:
    """The path as a reader writes it: `run_coordinator.config.tag_concurrency_limits[0].limit`."""
    return "".join(_format_part(part) for part in path).removeprefix(".")


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that is most like the name, or None when nothing comes near; case and hyphens do not count."""
    import difflib

    folded = {_fold(candidate): candidate for candidate in candidates}
    matches = difflib.get_close_matches(_fold(name[:_MAX_COMPARED]), folded, n=1)
    return folded[matches[0]] if matches else None


def _fold(name: str) -> str:
    return name.lower().replace("-", "_")


def _format_part(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    name = _shorten(part, _MAX_NAME)
    return f".{name}" if name.replace("-", "_").isidentifier() else f"[{name!r}]"


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _printable(text: str) -> str:
    """The text with everything that could steer a terminal written as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
