"""Every block of the documentation is run or validated: what a reader copies works.

The blocks of one page are run in order in one folder with its own runrack home; it holds nothing but a copy of
`examples/`, for readers who stand in a clone:

- `python` is run, all blocks of a page in one namespace; with a file name as a comment in its first line
  (`# hello.py`) it is saved under that name instead, for the commands that follow.
- `yaml`, `toml` and `json` are parsed, and saved when they are named. A block named `# runrack.yaml` becomes the
  configuration of the home and must satisfy `runrack config check`.
- `console`: every line that starts with `$ ` is run; what it printed is for the reader. `bash`: the block is a script.
- `text` is for the reader only.

`<!-- not run: reason -->` on the line above a block is the only way out; the run ends with a list of those.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest
from ruamel.yaml import YAML

BIN = Path(sys.executable).parent
EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS_PER_COMMAND = 60


@dataclass
class Reader:
    """Someone who follows a page step by step.

    Attributes:
        folder: Where the reader works.
        module: Where the python blocks of the page live.
    """

    folder: Path
    module: ModuleType = field(default_factory=lambda: ModuleType("page"))

    @property
    def home(self) -> Path:
        """The reader's runrack home."""
        return self.folder / ".runrack"

    def run(self, command: str, where: str) -> None:
        """Run a shell command; fail with what it printed unless it exits with 0."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SECONDS_PER_COMMAND,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, (
            f"{where}: {command}\nexits {done.returncode}\n{done.stdout}{done.stderr}"
        )

    def save(self, name: str, text: str) -> None:
        """Save a block as a file of the folder, or of the home if it is the configuration."""
        target = self.home / name if name == "runrack.yaml" else self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.write_text(text)


def follow_python(reader: Reader, block) -> None:
    """Run or save a python block."""
    code = compile(
        "\n" * (block.line - 1) + block.text, block.where.rpartition(":")[0], "exec", dont_inherit=True
    )
    if not block.file_name:
        exec(code, reader.module.__dict__)


def follow_yaml(reader: Reader, block) -> None:
    """Parse a yaml block; check it if it is the configuration."""
    YAML(typ="safe").load(block.text)
    if block.file_name == "runrack.yaml":
        reader.run("runrack config check", block.where)


def follow_console(reader: Reader, block) -> None:
    """Run every command of a console block."""
    for line in block.text.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            reader.run(line.removeprefix("$ "), block.where)


FOLLOW: dict[str, Callable[..., object]] = {
    "python": follow_python,
    "yaml": follow_yaml,
    "toml": lambda _, block: tomllib.loads(block.text),
    "json": lambda _, block: json.loads(block.text),
    "console": follow_console,
    "bash": lambda reader, block: reader.run(block.text, block.where),
    "text": lambda *_: None,
}


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("report", "__pycache__"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RUNRACK_HOME", str(reader.home))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(BIN), os.environ["PATH"]]))
    monkeypatch.setitem(sys.modules, reader.module.__name__, reader.module)
    known = set(sys.modules)
    yield reader
    for name in set(sys.modules) - known:
        if (tmp_path / f"{name}.py").exists():  # the next page may have a file of the same name
            del sys.modules[name]


@pytest.mark.timeout(600)  # the longest page starts a hundred processes, one after the other
def test_every_block_of_the_page_works(blocks, reader: Reader) -> None:
    """A reader who follows the page from top to bottom meets no error."""
    for block in blocks:
        assert block.language in FOLLOW, f"{block.where}: a block names its language: {', '.join(FOLLOW)}"
        if block.not_run:
            continue
        if block.file_name:
            reader.save(block.file_name, block.text)
        FOLLOW[block.language](reader, block)


def test_the_blocks_run_against_this_environment(reader: Reader) -> None:
    """The `runrack` of a page is the one under test, not another installed one."""
    reader.run(f"test $(command -v runrack) = {shlex.quote(str(BIN / 'runrack'))}", "PATH")
