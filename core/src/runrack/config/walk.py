"""One pass over a configuration value: where it stands and what it meets on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from runrack.config.document import Document
from runrack.config.problem import ConfigProblem, DocumentPath, Position, ProblemCode, format_path


class References(Enum):
    """What a pass puts in the place of a reference."""

    RESOLVE = "resolve"
    KEEP = "keep"
    SAMPLE = "sample"
    """Some value of the right type, so that a validator sees no reference."""


class Walk:
    """What is the same at every place of one pass, and what the pass found.

    Args:
        references: What is put in the place of a reference.
        document: Where the values come from.
        environ: What `{env: NAME}` reads; the environment of the process if not given.
        base_dir: Where the relative path of a `{file: PATH}` begins.

    Attributes:
        fits: False once a value was met that its schema does not allow.
        problems: What is wrong beside that, in references and keys.
        warnings: What works but should be changed.
        renamed: For a path whose last key is new: the old key under which the document has it.
    """

    def __init__(
        self,
        references: References,
        document: Document | None = None,
        environ: Mapping[str, str] | None = None,
        base_dir: Path | None = None,
    ) -> None:
        self.references = references
        self.document = document
        self.environ = os.environ if environ is None else environ
        self.base_dir = base_dir
        self.fits = True
        self.problems: list[ConfigProblem] = []
        self.warnings: list[ConfigProblem] = []
        self.renamed: dict[DocumentPath, str] = {}

    def fork(self) -> Walk:
        """A pass of its own over the same document, to try something."""
        return Walk(self.references, self.document, self.environ, self.base_dir)

    def join(self, fork: Walk) -> None:
        """Takes over what a fork found."""
        self.fits = self.fits and fork.fits
        self.problems += fork.problems
        self.warnings += fork.warnings
        self.renamed |= fork.renamed

    def position(self, path: DocumentPath, *, key: bool = False) -> Position | None:
        """Where the document has this path, if there is a document."""
        if self.document is None:
            return None
        written = tuple(self.renamed.get(path[: i + 1], part) for i, part in enumerate(path))
        return self.document.position(written, key=key)


class Site(NamedTuple):
    """One place of a pass.

    Attributes:
        is_secret: Whether a value at this place is a secret; None when only one that a reference brings is.
    """

    walk: Walk
    path: DocumentPath = ()
    is_secret: bool | None = None

    def down(self, part: str | int) -> Site:
        """The place of a key or list index of the value here."""
        return Site(self.walk, (*self.path, part), self.is_secret)

    def misfit(self) -> None:
        """Notes that the value here is not what the schema allows."""
        self.walk.fits = False

    def problem(self, message: str, code: ProblemCode, *, key: bool = False) -> ConfigProblem:
        """A problem that stands here."""
        position = self.walk.position(self.path, key=key)
        return ConfigProblem(position, format_path(self.path), message, code=code)

    def report(self, message: str, code: ProblemCode, *, key: bool = False) -> None:
        """Notes a problem that the schema does not know of."""
        self.walk.problems.append(self.problem(message, code, key=key))

    def warn(self, message: str, code: ProblemCode) -> None:
        """Notes something that works but should be changed."""
        self.walk.warnings.append(self.problem(message, code, key=True))

    def items(self, mapping: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
        """The entries of the mapping here; a key that is no text is reported and left out."""
        for key, value in mapping.items():
            if isinstance(key, str):
                yield key, value
            else:
                self.report("every key must be text", ProblemCode.BAD_KEY)
