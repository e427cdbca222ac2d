"""References to values that live outside the configuration: `{env: NAME}` and `{file: PATH}`."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

REFERENCE_SCHEMA: dict[str, Any] = {
    "description": "A value that is kept outside this file: in an environment variable or in a file of its own.",
    "anyOf": [
        {
            "type": "object",
            "properties": {"env": {"type": "string", "minLength": 1}, "default": {}},
            "required": ["env"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"file": {"type": "string", "minLength": 1}},
            "required": ["file"],
            "additionalProperties": False,
        },
    ],
}
"""The JSON Schema of a reference."""

_MAX_FILE_BYTES = 1024 * 1024


class UnresolvedReferenceError(Exception):
    """A reference leads to nothing; the message names what it misses, never what it found."""


class EnvReference(NamedTuple):
    """A reference to an environment variable."""

    name: str
    default: tuple[Any, ...] = ()
    """The default as a tuple of one, empty when none is given: None is a default too."""

    @property
    def origin(self) -> str:
        """What the value comes from, for a message."""
        return f"environment variable {self.name}"

    def read(self, environ: Mapping[str, str], base_dir: Path | None) -> str | None:  # noqa: ARG002 - as FileReference
        """The text of the variable, or None when it is not set and there is a default.

        Raises:
            UnresolvedReferenceError: The variable is not set and there is no default.
        """
        text = environ.get(self.name)
        if text is None and not self.default:
            raise UnresolvedReferenceError(
                f"{self.origin} is not set; set it, or add a default: to the reference"
            )
        return text


class FileReference(NamedTuple):
    """A reference to a file that holds one value."""

    path: str
    default: tuple[Any, ...] = ()

    @property
    def origin(self) -> str:
        """What the value comes from, for a message."""
        return "the file referred to"

    def read(self, environ: Mapping[str, str], base_dir: Path | None) -> str:  # noqa: ARG002 - as EnvReference
        """The text of the file without its last line break; a relative path begins at `base_dir`.

        Raises:
            UnresolvedReferenceError: It is missing, unreadable, no regular file, not UTF-8 or larger than 1 MiB.
        """
        base = base_dir if base_dir is not None else Path.cwd()
        try:
            return _read_text(base / self.path)
        except UnicodeDecodeError:
            reason = "is not UTF-8 text"
        except ValueError:
            reason = "has a name that no file can have"
        except OSError as error:
            reason = f"cannot be read ({os.strerror(error.errno or 0)})"
        raise UnresolvedReferenceError(f"{self.origin} {reason}; a relative path begins at {base}")


Reference = EnvReference | FileReference


def looks_like_reference(value: Any) -> bool:
    """Whether a value in the place of a single text or number is meant as a reference."""
    return isinstance(value, dict) and ("env" in value or "file" in value)


def parse_reference(value: Any) -> Reference | None:
    """The reference that a configuration value stands for, or None when it is none or not well formed."""
    match value:
        case {"env": str(name), **rest} if _is_variable(name) and rest.keys() <= {"default"}:
            return EnvReference(name, tuple(rest.values()))
        case {"file": str(path), **rest} if path and not rest:
            return FileReference(path)
    return None


def _is_variable(name: str) -> bool:
    return bool(name) and "=" not in name and "\0" not in name


def _read_text(path: Path) -> str:
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UnresolvedReferenceError("the file referred to is no regular file")
        data = file.read(_MAX_FILE_BYTES + 1)
    if len(data) > _MAX_FILE_BYTES:
        raise UnresolvedReferenceError("the file referred to is larger than 1 MiB")
    return data.decode("utf-8").removesuffix("\n").removesuffix("\r")


def _open_at_once(path: str, flags: int) -> int:
    """Opens without waiting, as one would wait for the writer of a named pipe."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
