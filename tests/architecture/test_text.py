"""What must not stand in any file of the repository."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FORBIDDEN_TEXT = {
    "the peer product's name": r"dag[s]ter",
    "a path of one machine": r"/(?:root|home/\w+|Users/\w+|work/(?:main|shared))/",
    "the host of a package registry": r"(?:py[p]i\.org|pythonhosted\.org|registry\.npm[j]s\.org|conda\.anaconda\.org)",
    "an unfinished thought": r"\b(?:TO[D]O|FIX[M]E|XX[X]|NotImplementedErr[o]r)\b",
}

DANGEROUS_CODE = r"\bpickle\b|\bmarshal\.|\beval\(|\bexec\(|\byaml\.load\(|shell=True"
DANGEROUS_FOR_A_REASON = {
    "plugins/local/src/runrack_local/io_manager.py": "values of ops are any objects; their folder is its owner's alone",
}
"""Modules that use what turns data into code, and why no data from outside reaches it."""


def repository_files() -> list[Path]:
    """The text files of the work tree that git knows or would add."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    files = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return [file for file in files if b"\0" not in file.read_bytes()[:8192]]


FILES = repository_files()


NAMES_THE_PEER = "benchmarks/compare"
"""The folder that may name the peer: it installs it and measures runrack beside it."""


def matches(files: list[Path], pattern: str) -> list[str]:
    """Where a pattern stands, as file:line."""
    wanted = re.compile(pattern, re.IGNORECASE)
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for file in files
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), start=1)
        if wanted.search(line)
    ]


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_no_file_holds_forbidden_text(what: str) -> None:
    """No file holds it, neither code nor tests nor prose; the comparison alone names the peer."""
    files = [file for file in FILES if not file.is_relative_to(ROOT / NAMES_THE_PEER)]
    assert matches(files if "peer" in what else FILES, FORBIDDEN_TEXT[what]) == []


def test_no_data_becomes_code() -> None:
    """Nothing in the packages unpickles or evaluates, except the modules listed with their reason."""
    sources = [file for file in FILES if file.suffix == ".py" and "src" in file.relative_to(ROOT).parts]
    found = {file for file in sources if matches([file], DANGEROUS_CODE)}
    assert {str(file.relative_to(ROOT)) for file in found} == set(DANGEROUS_FOR_A_REASON)


def test_every_text_file_ends_with_one_newline() -> None:
    """A file ends with a newline, and with one only."""
    texts = [
        file
        for file in FILES
        if file.suffix in {".py", ".md", ".toml", ".yaml", ".yml"} and file.stat().st_size
    ]
    assert [file for file in texts if not re.search(rb"[^\n]\n\Z", file.read_bytes())] == []
