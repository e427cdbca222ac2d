"""Selections: which steps or assets are meant, by name and by how they depend on each other.

| text | selects |
|---|---|
| `a` | `a`; for a graph, all that lies in it |
| `*` | everything |
| `*a`, `a*` | `a` and all that it needs; `a` and all that needs it |
| `+a`, `a+` | `a` and what it needs directly; `a` and what needs it directly; each further `+` is one step further |
| `*a+` | both of them |
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from runrack.config.problem import nearest
from runrack.errors import InvalidArgumentError

Selection = str | Iterable[str]
"""What to select: one text, in which a comma separates several, or several texts. Whatever any of them selects is selected."""

_CLAUSE = re.compile(r"(?P<up>\*|\+*)(?P<name>[^*+]+)(?P<down>\*|\+*)")


def select(upstream: Mapping[str, Collection[str]], selection: Selection, kind: str) -> list[str]:
    """Return the names that are selected, in the order of `upstream`.

    Args:
        upstream: Every name, with those that it needs.
        selection: What to select.
        kind: What the names are names of: "op".

    Raises:
        InvalidArgumentError: A text cannot be read, or nothing has the name in it.
    """
    selected: set[str] = set()
    downstream: defaultdict[str, list[str]] = defaultdict(list)
    for name, needed in upstream.items():
        for needed_name in needed:
            downstream[needed_name].append(name)
    for clause in _clauses(selection):
        if clause == "*":
            return list(upstream)
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise InvalidArgumentError(
                f"the selection {clause!r} cannot be read: write a name, with * or + before or after it, as in '*{kind}_name+'"
            )
        found = _named(upstream, match["name"], kind)
        selected.update(found)
        selected.update(_reached(found, match["up"], lambda name: upstream.get(name, ())))
        selected.update(_reached(found, match["down"], lambda name: downstream.get(name, ())))
    return [name for name in upstream if name in selected]


def _clauses(selection: Selection) -> list[str]:
    texts = [selection] if isinstance(selection, str) else list(selection)
    if not all(isinstance(text, str) for text in texts):
        raise InvalidArgumentError("a selection is a text, or a list of texts")
    return [clause.strip() for text in texts for clause in text.split(",") if clause.strip()]


def _named(names: Collection[str], name: str, kind: str) -> list[str]:
    """Return the name itself, or all that lies in the graph of this name."""
    if name in names:
        return [name]
    found = [candidate for candidate in names if candidate.startswith(f"{name}.")]
    if not found:
        near = nearest(name, names)
        hint = f"did you mean {near!r}? " if near else ""
        raise InvalidArgumentError(
            f"there is no {kind} {name!r} to select; {hint}there is: {', '.join(names)}"
        )
    return found


def _reached(start: list[str], reach: str, next_names: Callable[[str], Iterable[str]]) -> set[str]:
    """Return what is reached from `start`, as many steps away as `reach` has plus signs; with a star, everything."""
    reached: set[str] = set()
    border = list(start)
    steps = len(reach)
    while border and (reach == "*" or steps):
        border = [name for known in border for name in next_names(known) if name not in reached]
        border = list(dict.fromkeys(border))
        reached.update(border)
        steps -= 1
    return reached
