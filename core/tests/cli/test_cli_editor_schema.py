"""`config schema --write`: the schema beside the file, and the line that leads an editor to it."""

import json
import stat

import pytest

from runrack.cli.config.modeline import with_modeline

LINE = b"# yaml-language-server: $schema=runrack.schema.json"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", LINE + b"\n"),
        (b"storage: sqlite", LINE + b"\nstorage: sqlite"),
        (b"# mine\n\nstorage: sqlite\n", LINE + b"\n# mine\n\nstorage: sqlite\n"),
        (b"a: 1\r\nb: 2\r\n", LINE + b"\r\na: 1\r\nb: 2\r\n"),
        (b"\xef\xbb\xbfa: 1\n", b"\xef\xbb\xbf" + LINE + b"\na: 1\n"),
        (b"# yaml-language-server: $schema=old.json\na: 1\n", LINE + b"\na: 1\n"),
        (b"# top\n\n  #yaml-language-server: $schema=x\r\na: 1\n", b"# top\n\n" + LINE + b"\r\na: 1\n"),
        (b"a: |\n  # yaml-language-server: x\n", LINE + b"\na: |\n  # yaml-language-server: x\n"),
        (b"a: \xff\n", LINE + b"\na: \xff\n"),
    ],
)
def test_only_the_modeline_changes(before, after):
    """A modeline among the first comments is replaced, else it becomes the first line; all else stays byte for byte."""
    assert with_modeline(before, "runrack.schema.json") == after
    assert with_modeline(after, "runrack.schema.json") == after


def test_the_schema_is_written_beside_the_file(runrack, home):
    """The file of the home gets the line, and the schema is what the command prints."""
    file = home / "runrack.yaml"
    file.write_text("storage: memory\n")
    file.chmod(0o600)
    result = runrack("config", "schema", "--write")
    assert (result.exit_code, result.stderr) == (0, "")
    assert file.read_bytes() == LINE + b"\nstorage: memory\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    schema = json.loads((home / "runrack.schema.json").read_text())
    assert schema == json.loads(runrack("config", "schema").stdout)
    assert runrack("config", "check").exit_code == 0


def test_another_file_can_be_named(runrack, tmp_path):
    """The schema has the name of the file that it describes; a repetition writes nothing."""
    file = tmp_path / "staging.yaml"
    file.write_text("storage: sqlite\n")
    assert runrack("config", "schema", "--write", str(file)).exit_code == 0
    assert file.read_text().startswith("# yaml-language-server: $schema=staging.schema.json\n")
    written = [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("staging*"))]
    assert runrack("config", "schema", "--write", str(file)).exit_code == 0
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("staging*"))] == written


def test_a_link_still_leads_to_the_file(runrack, tmp_path):
    """A file that is kept elsewhere is changed there."""
    (tmp_path / "kept").mkdir()
    kept = tmp_path / "kept" / "real.yaml"
    kept.write_text("storage: sqlite\n")
    link = tmp_path / "runrack.yaml"
    link.symlink_to(kept)
    assert runrack("config", "schema", "--write", str(link)).exit_code == 0
    assert link.is_symlink()
    assert kept.read_bytes() == LINE + b"\nstorage: sqlite\n"


def test_a_read_only_file_is_left_alone(runrack, tmp_path):
    """Neither the file nor a schema is written, and the message says what to do."""
    file = tmp_path / "runrack.yaml"
    file.write_text("storage: sqlite\n")
    file.chmod(0o444)
    result = runrack("config", "schema", "--write", str(file))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {file} cannot be written: it is read-only; make it writable")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["runrack.yaml"]
    assert file.read_text() == "storage: sqlite\n"


def test_a_missing_file_is_not_made(runrack, home):
    """The message leads to the command that makes one."""
    result = runrack("config", "schema", "--write")
    assert result.exit_code == 2
    assert "`runrack init` makes one" in result.stderr
    assert list(home.iterdir()) == []
