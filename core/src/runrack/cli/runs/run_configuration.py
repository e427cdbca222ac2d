"""The run configuration that a person gives on the command line: files, and text, laid over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from runrack.config.document import Document, load_document, parse_document

TEXT_NAME = "--config-json"
"""What the text of the option is called in messages."""


class RunConfiguration(NamedTuple):
    """A run configuration and where it comes from.

    Attributes:
        value: Plain data; None when none was given, so that the job's own counts.
        document: The one document that it comes from, for the positions of problems; None when it comes from several.
    """

    value: Mapping[str, Any] | None = None
    document: Document | None = None


def load_run_configuration(files: Sequence[Path], json_text: str | None = None) -> RunConfiguration:
    """Return what the files and the text come to: mappings are joined, of anything else the later one counts.

    Raises:
        ConfigError: A file cannot be read, or one of them holds no mapping.
    """
    documents = [load_document(file) for file in files]
    if json_text is not None:
        documents.append(parse_document(json_text, TEXT_NAME))
    if not documents:
        return RunConfiguration()
    value: dict[str, Any] = {}
    for document in documents:
        value = _joined(value, document.value)
    return RunConfiguration(value, documents[0] if len(documents) == 1 else None)


def _joined(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _joined(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result
