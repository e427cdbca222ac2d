"""The update of a plugin's project: what changed in the template since is merged into what the author has made of it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from runrack.cli.plugins.project import ANSWERS_FILE, TEMPLATE, render
from runrack.errors import InvalidArgumentError, PluginError

_VERSION = "template_version"
_LABELS = ("-L", "yours", "-L", "the template before", "-L", "the template now")
_MOST_CONFLICTS = 127  # git's exit code for that many and for more; above are errors


class FileChange(NamedTuple):
    """What became of a file.

    Attributes:
        file: The file, as a path in the project.
        what: What became of it, in one word.
    """

    file: Path
    what: str

    @property
    def is_conflict(self) -> bool:
        """Whether the author has to decide."""
        return self.what == "conflict"


class ProjectUpdate(NamedTuple):
    """What an update did; `version` is that of the template."""

    version: str
    changes: tuple[FileChange, ...]


def update_project(folder: Path, template: Path = TEMPLATE) -> ProjectUpdate:
    """Bring a project to a template, and return what became of the files that are no longer as they were.

    The project is rendered twice from its answers, by the template that it was made from and by this one; their difference
    is applied to each file. What the author has deleted stays deleted.

    Args:
        folder: The project.
        template: The template; the folder `previous` in it holds earlier ones under their versions.

    Raises:
        InvalidArgumentError: The folder was not made by `runrack plugins new`.
        PluginError: The project was made by a template that this version of runrack does not have; or git or the extra is missing.
    """
    answers = _read_answers(folder)
    made_by = str(answers.pop(_VERSION))
    with tempfile.TemporaryDirectory() as scratch:
        before, now = Path(scratch, "before"), Path(scratch, "now")
        render(template, now, answers)
        version = str(_read_answers(now)[_VERSION])
        if version == made_by:
            return ProjectUpdate(version, ())
        render(_find_previous(template, made_by), before, answers)
        return ProjectUpdate(version, tuple(_merge_all(folder, before, now)))


def _read_answers(folder: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML

    file = folder / ANSWERS_FILE
    if not file.is_file():
        raise InvalidArgumentError(
            f"{folder} was not made by `runrack plugins new`: it has no {ANSWERS_FILE}"
        )
    answers = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    if not isinstance(answers, dict) or _VERSION not in answers:
        raise InvalidArgumentError(
            f"{file} does not say which template the project was made from ({_VERSION}): restore the file"
        )
    return answers


def _find_previous(template: Path, version: str) -> Path:
    found = template / "previous" / version
    if not found.is_dir():
        raise PluginError(
            f"the project was made by version {version} of the template, which this runrack does not know",
            fix="pip install --upgrade 'runrack-core[new]'",
        )
    return found


def _merge_all(folder: Path, before: Path, now: Path) -> Iterator[FileChange]:
    files = {path.relative_to(root) for root in (before, now) for path in root.rglob("*") if path.is_file()}
    for file in sorted(files):
        what = _merge(folder / file, before / file, now / file)
        if what is not None:
            yield FileChange(file, what)


def _merge(mine: Path, before: Path, now: Path) -> str | None:
    """Apply to a file what happened to it from one template to the other, and return what became of it."""
    old, new, own = _read(before), _read(now), _read(mine)
    if new in {old, own} or (own is None and old is not None):
        return None
    if new is None:
        if own != old:
            return "kept"
        mine.unlink()
        return "removed"
    if own in {None, old}:
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_bytes(new)
        return "added" if old is None else "updated"
    return _merge_text(mine, before, now)


def _merge_text(mine: Path, before: Path, now: Path) -> str:
    base = before if before.exists() else Path("/dev/null")
    try:
        done = subprocess.run(  # noqa: S603 - git, with files that were just written
            ["git", "merge-file", *_LABELS, str(mine), str(base), str(now)],  # noqa: S607 - the author's own git
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise PluginError("files are merged by git, which is not installed", fix="install git") from None
    if not 0 <= done.returncode <= _MOST_CONFLICTS:
        raise PluginError(f"git could not merge {mine}: {done.stderr.strip()}")
    return "conflict" if done.returncode else "merged"


def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
