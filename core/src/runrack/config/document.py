"""YAML files, read as plain data that remembers where each value stands.

The reader takes YAML 1.2 (`no` and `22:30` are text) without what makes a configuration file dangerous or surprising: no tags,
no merge keys, no key twice, no more than 1 MiB, 50 levels and 10,000 values, counted after every alias is written out.
An error tells the place and the reason and never quotes the file, which may hold a password.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runrack.config.problem import ConfigProblem, DocumentPath, Position, ProblemCode, format_path
from runrack.errors import ConfigError

if TYPE_CHECKING:
    from ruamel.yaml.error import YAMLError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
MAX_NODES = 10_000

_MAX_DIGITS = 1000  # far below where Python refuses to read a number
# patterns are text: `re` compiles them when they are first used, not when this module is imported
_FORBIDDEN_CHARACTER = (
    r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_DIRECTIVE = r"(^|[\n\r])%"
_INTEGER = r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_BEGINNINGS_OF_NUMBERS = tuple("0123456789+-.")
_CONSTANTS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_SYNTAX_ERRORS = (
    # what the parser's message begins with or holds, and what a reader can do about it
    ("cannot start any token", "this character cannot begin a value; put the value in quotes"),
    (
        "mapping values are not allowed",
        "a ':' is not allowed here; check the indentation, or put the value in quotes",
    ),
    ("unexpected end of stream", "the quotes that are opened here are never closed"),
    ("unknown escape", "unknown escape: in double quotes write \\\\ for a backslash, or use single quotes"),
    ("expected <block end>", "this line does not fit the lines above it; check its indentation"),
    ("could not find expected ':'", "expected `key: value`; the ':' is missing"),
    ("expected ',' or", "expected ',' or the closing bracket"),
    ("expected the node content", "a value is missing here"),
    ("tag", "tags (`!name`) are not allowed; put text that begins with ! in quotes"),
)

_KNOWN_BY_THE_BEGINNING = ("end of stream", "could not find expected ':'")
"""Mistakes that the parser notices only later: what it complains about stands where it began to read."""


class _Node(NamedTuple):
    """A value with its place and, for the limits, how many values and levels it has once aliases are written out."""

    line: int
    column: int
    content: str | int | float | bool | list[_Node] | dict[str, _Entry] | None
    size: int = 1
    height: int = 1

    def plain(self) -> Any:
        """The value as plain Python data, made anew each time."""
        if isinstance(self.content, dict):
            return {key: entry.value.plain() for key, entry in self.content.items()}
        if isinstance(self.content, list):
            return [item.plain() for item in self.content]
        return self.content

    def child(self, part: str | int) -> tuple[_Node, _Node] | None:
        """The key (or once more the item of a list) and the value under one part of a path; None if there is none."""
        if isinstance(self.content, dict) and isinstance(part, str) and part in self.content:
            return self.content[part].key, self.content[part].value
        if isinstance(self.content, list) and isinstance(part, int) and 0 <= part < len(self.content):
            return self.content[part], self.content[part]
        return None


class _Entry(NamedTuple):
    key: _Node
    value: _Node


class Document:
    """The content of a YAML file.

    Attributes:
        name: What the file is called in messages.
        value: The content as plain data: dict with text keys, list, str, int, float, bool, None.
    """

    def __init__(self, name: str, root: _Node) -> None:
        self.name = name
        self.value: dict[str, Any] = root.plain()
        self._root = root

    def position(self, path: DocumentPath, *, key: bool = False) -> Position:
        """Where the value at this path begins; of what the document does not have, where the nearest thing around it begins.

        Args:
            path: Keys and list indices from the root.
            key: The place of the value's key instead of the value's own.
        """
        key_node = value_node = self._root
        for part in path:
            found = value_node.child(part)
            if found is None:
                break
            key_node, value_node = found
        node = key_node if key else value_node
        return Position(self.name, node.line, node.column)


def load_document(path: Path) -> Document:
    """The content of a YAML file.

    Raises:
        ConfigError: It cannot be read, is not UTF-8, is no YAML as described above, or holds no mapping.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}") from None
    return parse_document(_decode(data, name), name)


def parse_document(text: str, name: str) -> Document:
    """The content of a YAML text; an empty one is an empty mapping.

    Args:
        text: The YAML.
        name: What the text is called in messages, usually a file's path.

    Raises:
        ConfigError: It is no YAML as described above, or holds no mapping.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise _error(name, 1, 1, "the file is larger than 1 MiB", ProblemCode.TOO_LARGE)
    text = text.removeprefix("\ufeff")
    forbidden = None if _is_plain(text) else re.search(_FORBIDDEN_CHARACTER, text)
    if forbidden is not None:
        raise _error(
            name,
            *_place_after(text[: forbidden.start()]),
            f"the character U+{ord(forbidden.group()):04X} is not allowed",
            ProblemCode.CHARACTER,
        )
    directive = re.search(_DIRECTIVE, text) if "%" in text else None
    if directive is not None:
        raise _error(
            name,
            *_place_after(text[: directive.end() - 1]),
            "directives (`%NAME`) are not allowed",
            ProblemCode.YAML_FEATURE,
        )
    return Document(name, _compose(text, name))


def _is_plain(text: str) -> bool:
    """Whether the text holds nothing but printable ASCII and line breaks: what no pattern has to be compiled for."""
    return text.isascii() and text.replace("\n", "").isprintable()


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place_after(data[: error.start].decode("utf-8"))
        raise _error(
            name, *place, "the file is not UTF-8 text; save it as UTF-8", ProblemCode.CHARACTER
        ) from None


def _compose(text: str, name: str) -> _Node:
    """The root of the text.

    The C parser is several times faster, but an older YAML: it stumbles over `{url: http://host}`. So what it refuses is given
    to the Python parser, whose word, and whose message, counts.
    """
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return _Node(
            1, 1, {}
        )  # nothing but comments: the parser, which is slow to import, has nothing to say

    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return _Composer(name).compose(_c_events(text))
    except YAMLError:
        pass
    try:
        return _Composer(name).compose(YAML(typ="safe", pure=True).parse(text))
    except YAMLError as error:
        syntax_error = error
    raise _syntax_error(name, text, syntax_error)


def _c_events(text: str) -> Iterator[Any]:
    """The events of the C parser; YAML(typ="safe") gives the same ones after some milliseconds of preparation."""
    from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]  # comes from ruamel.yaml.clib, which has no types

    parser = CParser(text)
    while parser.check_event():
        yield parser.get_event()


class _Composer:
    """Builds the nodes of one document from the parser's events, and holds its limits."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._anchors: dict[str, _Node] = {}
        self._nodes = 0

    def compose(self, events: Iterator[Any]) -> _Node:
        root: _Node | None = None
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                if root is not None:
                    raise self._error(
                        event,
                        "a second document begins here; a configuration file holds one",
                        ProblemCode.YAML_FEATURE,
                    )
                root = self._node(next(events), events, depth=1)
        if root is None or root.content is None:
            return _Node(1, 1, {})
        if not isinstance(root.content, dict):
            raise _error(
                self._name,
                root.line,
                root.column,
                "expected a mapping (`key: value`) at the top of the file",
                ProblemCode.NO_MAPPING,
            )
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        if type(event).__name__ == "AliasEvent":
            return self._alias(event, depth)
        self._limit(event, 1, depth)
        self._refuse_tag(event)
        node = self._fresh(event, events, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _fresh(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        match type(event).__name__:
            case "MappingStartEvent":
                return self._mapping(event, events, depth)
            case "SequenceStartEvent":
                return self._sequence(event, events, depth)
        return _Node(*_place(event), self._scalar(event))

    def _alias(self, event: Any, depth: int) -> _Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._error(
                event,
                "the anchor that this alias (`*name`) refers to does not stand before it",
                ProblemCode.SYNTAX,
            )
        self._limit(event, node.size, depth + node.height - 1)
        return node

    def _sequence(self, start: Any, events: Iterator[Any], depth: int) -> _Node:
        items = []
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            items.append(self._node(event, events, depth + 1))
        return _collection(start, items, items)

    def _mapping(self, start: Any, events: Iterator[Any], depth: int) -> _Node:
        entries: dict[str, _Entry] = {}
        while type(event := next(events)).__name__ != "MappingEndEvent":
            key = self._key(event)
            if key in entries:
                first = entries[key].key
                path = format_path((key,))
                raise self._error(
                    event,
                    f"the key {path} stands here a second time; the first is in line {first.line}",
                    ProblemCode.DUPLICATE_KEY,
                )
            value = self._node(next(events), events, depth + 1)
            entries[key] = _Entry(_Node(*_place(event), key), value)
        return _collection(start, entries, [entry.value for entry in entries.values()])

    def _key(self, event: Any) -> str:
        if type(event).__name__ != "ScalarEvent":
            raise self._error(
                event,
                "a key must be a single text; a value that begins with { or [ or * needs quotes",
                ProblemCode.BAD_KEY,
            )
        self._refuse_tag(event)
        is_plain = event.implicit[0]
        if is_plain and event.value == "<<":
            raise self._error(
                event, "merge keys (`<<`) are not allowed; write the entries out", ProblemCode.YAML_FEATURE
            )
        if is_plain and not event.value:
            raise self._error(event, "the key before ':' is missing", ProblemCode.BAD_KEY)
        return str(event.value)

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        text: str = event.value
        is_plain = event.implicit[0]
        if not is_plain:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if not text.startswith(_BEGINNINGS_OF_NUMBERS):
            return text
        is_integer = (text.isdecimal() and text.isascii()) or re.fullmatch(_INTEGER, text)
        if not is_integer and not re.fullmatch(_FLOAT, text):
            return text
        if len(text) > _MAX_DIGITS:
            raise self._error(
                event,
                "the number has too many digits; put it in quotes if it is meant as text",
                ProblemCode.TOO_LARGE,
            )
        if not is_integer:
            return float(text)
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)

    def _limit(self, event: Any, nodes: int, depth: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._error(
                event,
                f"the file holds more than {MAX_NODES} values, aliases written out",
                ProblemCode.TOO_LARGE,
            )
        if depth > MAX_DEPTH:
            raise self._error(
                event, f"the values are nested more than {MAX_DEPTH} levels deep", ProblemCode.TOO_LARGE
            )

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            raise self._error(
                event,
                "tags (`!name`) are not allowed; put text that begins with ! in quotes",
                ProblemCode.YAML_FEATURE,
            )

    def _error(self, event: Any, message: str, code: ProblemCode) -> ConfigError:
        return _error(self._name, *_place(event), message, code)


def _collection(start: Any, content: Any, children: list[_Node]) -> _Node:
    size = 1 + sum(child.size for child in children)
    height = 1 + max((child.height for child in children), default=0)
    return _Node(*_place(start), content, size, height)


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _place_after(before: str) -> tuple[int, int]:
    """The line and column, counted from 1, of what follows this text."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1


def _syntax_error(name: str, text: str, error: YAMLError) -> ConfigError:
    reason = str(getattr(error, "problem", ""))
    mark = getattr(error, "problem_mark", None)
    opened = getattr(error, "context_mark", None)
    message = next((meaning for sign, meaning in _SYNTAX_ERRORS if sign in reason), "this is not valid YAML")
    if opened is not None and any(sign in reason for sign in _KNOWN_BY_THE_BEGINNING):
        mark = opened
    if mark is None:
        return _error(name, 1, 1, message)
    if text[mark.index : mark.index + 1] == "\t":
        message = "a tab cannot indent; use spaces"
    if opened is not None and opened.line != mark.line:
        message += f" (in what begins at {opened.line + 1}:{opened.column + 1})"
    return _error(name, mark.line + 1, mark.column + 1, message)


def _error(
    name: str, line: int, column: int, message: str, code: ProblemCode = ProblemCode.SYNTAX
) -> ConfigError:
    problem = ConfigProblem(Position(name, line, column), "", message, code=code)
    return ConfigError(str(problem), [problem])
