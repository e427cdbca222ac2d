"""A configuration value, checked against its schema, its references resolved, its defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from typing_extensions import override

from runrack.config.document import Document
from runrack.config.problem import ConfigProblem, DocumentPath, ProblemCode, in_order, render
from runrack.config.vocabulary import Field, resolve_field
from runrack.config.walk import References, Site, Walk
from runrack.errors import ConfigError


class EvaluateValueResult(NamedTuple):
    """What became of a value; its repr does not show the value, which may hold a password.

    Attributes:
        success: Whether the value satisfies its schema and every reference was resolved.
        value: The value with its defaults; None without success.
        problems: What is wrong, in the order of the document; empty with success.
        warnings: What works but should be changed, such as a key that has a new name.
    """

    success: bool
    value: Any
    problems: tuple[ConfigProblem, ...] = ()
    warnings: tuple[ConfigProblem, ...] = ()

    @override
    def __repr__(self) -> str:
        return (
            f"EvaluateValueResult(success={self.success}, problems={self.problems}, warnings={self.warnings})"
        )


def evaluate(
    config: Any,
    value: Any,
    *,
    document: Document | None = None,
    path: DocumentPath = (),
    environ: Mapping[str, str] | None = None,
    resolve: bool = True,
    base_dir: Path | None = None,
) -> EvaluateValueResult:
    """What becomes of a value under a schema; all problems are collected, nothing is raised for them.

    - Every text that a reference brings is a `Secret` and registered for `redact`, unless its field has `is_secret=False`.
    - A number is neither wrapped nor registered: a port must not turn every `5432` of a log into `***`.

    Args:
        config: A Field, a config type or a shorthand.
        value: Plain data: dict, list, str, int, float, bool, None.
        document: Where the value comes from, for the positions of the problems.
        path: Where in the document it lies.
        environ: What `{env: NAME}` reads; the environment of the process if not given.
        resolve: Read what references lead to; otherwise they are only checked for their form and kept.
        base_dir: Where the relative path of a `{file: PATH}` begins; the working directory if not given.

    Raises:
        InvalidDefinitionError: `config` is no config.
    """
    field = resolve_field(config)
    references = References.RESOLVE if resolve else References.KEEP
    walk = Walk(references, document, environ, base_dir)
    filled = field.fill(value, Site(walk, path))
    problems = walk.problems if walk.fits else [*walk.problems, *_misfits(field, value, path, document)]
    return EvaluateValueResult(
        success=not problems,
        value=None if problems else filled,
        problems=tuple(in_order(problems)),
        warnings=tuple(walk.warnings),
    )


def evaluate_or_raise(
    config: Any,
    value: Any,
    *,
    document: Document | None = None,
    path: DocumentPath = (),
    environ: Mapping[str, str] | None = None,
    resolve: bool = True,
    base_dir: Path | None = None,
) -> Any:
    """The value as `evaluate` gives it; its warnings are logged.

    Raises:
        ConfigError: The value has problems; the message is one screen that shows the first ten.
        InvalidDefinitionError: `config` is no config.
    """
    result = evaluate(
        config, value, document=document, path=path, environ=environ, resolve=resolve, base_dir=base_dir
    )
    if result.warnings:
        _log(result.warnings)
    if not result.success:
        raise ConfigError(render(result.problems), result.problems)
    return result.value


def _log(warnings: Sequence[ConfigProblem]) -> None:
    import logging

    logger = logging.getLogger(__name__)
    for warning in warnings:
        logger.warning("%s", warning)


def _misfits(field: Field, value: Any, path: DocumentPath, document: Document | None) -> list[ConfigProblem]:
    """What the schema does not allow in the value; jsonschema, which is slow to import, is needed only for this."""
    from runrack.config.validation import schema_problems

    walk = Walk(References.SAMPLE, document)
    sample = field.fill(value, Site(walk, path))
    found = schema_problems(field.json_schema(references=False), sample, path, walk)
    return found or [Site(walk, path).problem("the value does not fit its schema", ProblemCode.MISFIT)]
