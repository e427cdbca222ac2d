"""How `runrack plugins new` is called, and what it says."""

import sys

import pytest
from click.testing import CliRunner

from runrack.cli.command_line import build_command_line
from runrack.cli.plugins.project import write_manifest


@pytest.fixture
def new(tmp_path, monkeypatch):
    """Calls the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNRACK_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(build_command_line(), ["plugins", "new", *arguments])


def test_it_says_what_comes_next(new, tmp_path):
    """A project lies in a folder of its own name, and the next three commands are printed."""
    made = new("acme-pg", "--kind", "hooks")
    assert made.exit_code == 0
    assert made.stdout.splitlines() == [
        f"made {tmp_path}/acme-pg",
        "",
        "Next:",
        f"  cd {tmp_path}/acme-pg",
        "  pip install --editable . --group dev",
        "  pytest",
    ]


def test_a_folder_in_use_is_refused(new, tmp_path):
    """A folder that holds anything stays as it is; an empty one may be there."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    refused = new("acme-pg", "--kind", "hooks", "--into", "full")
    assert (refused.exit_code, "is there and not empty" in refused.stderr) == (1, True)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]
    (tmp_path / "empty").mkdir()
    assert new("acme-pg", "--kind", "hooks", "--into", "empty").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((), "say what the distribution is to be called"),
        (("acme-pg",), "say what it plugs in, with --kind"),
        (("acme-pg", "--kind", "storages"), "'storages' is not one of"),
        (("Acme_PG", "--kind", "hooks"), "words joined by single hyphens"),
        (("acme-pg", "--kind", "hooks", "--plugin-name", "acme-pg"), "letters, digits and underscores"),
        (("acme-pg", "--kind", "hooks", "--author", 'Ann "A" Author'), "no quotes"),
        (("--update", "."), "was not made by `runrack plugins new`"),
    ],
)
def test_what_does_not_fit_is_said(new, tmp_path, arguments, what):
    """A wrong name, kind or answer is one message, exit code 2, and no folder."""
    refused = new(*arguments)
    assert (refused.exit_code, what in refused.stderr) == (2, True), refused.stderr
    assert not (tmp_path / "acme-pg").exists()


def test_a_missing_extra_is_one_message(new, monkeypatch):
    """Where copier is not installed, the message says which command installs it."""
    monkeypatch.setitem(sys.modules, "copier", None)
    refused = new("acme-pg", "--kind", "hooks")
    assert refused.exit_code == 2
    assert "fix: pip install 'runrack-core[new]'" in refused.stderr


def test_a_project_of_this_template_needs_no_update(new):
    """Updating what was made just now says that there is nothing to do."""
    new("acme-pg", "--kind", "hooks")
    update = new("--update", "acme-pg")
    assert (update.exit_code, update.stdout) == (
        0,
        "nothing to do: acme-pg is as the template of version 1 has it\n",
    )


def test_a_manifest_that_cannot_be_written_is_no_error(new, tmp_path):
    """Where something that the package imports is missing, the reason is told, and what is there stays."""
    new("acme-pg", "--kind", "hooks")
    hooks = tmp_path / "acme-pg" / "src" / "acme_pg" / "hooks.py"
    hooks.write_text(f"import surely_not_installed\n{hooks.read_text()}")
    manifest = hooks.with_name("runrack_plugin.json")
    before = manifest.read_text()
    assert "surely_not_installed" in (write_manifest(tmp_path / "acme-pg") or "")
    assert manifest.read_text() == before
