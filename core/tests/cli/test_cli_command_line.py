"""What holds for every command: help, documentation, exit codes, errors, colours."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from runrack.cli.command_line import build_command_line
from runrack.cli.lazy_group import LazyCommand, LazyGroup
from runrack.errors import ConfigError, ExecutionInterruptedError, NotFoundError

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


def commands(group=None, path=()):
    """Every command below a group with its full name, groups included."""
    group = group or build_command_line()
    context = click.Context(group, info_name="runrack")
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))


COMMANDS = {" ".join(path): found for path, found in commands()}


def summaries(group, path=()):
    for name, member in group._members.items():
        if isinstance(member, LazyCommand):
            yield " ".join((*path, name)), member.summary
        elif isinstance(member, LazyGroup):
            yield from summaries(member, (*path, name))


def failing(error):
    """The command line with a command `boom` that raises."""
    line = build_command_line()

    @line.command("boom")
    def boom():
        raise error

    return line


def run_failing(error, *options, **environment):
    return CliRunner(env=environment).invoke(failing(error), [*options, "boom"])


@pytest.mark.parametrize(("name", "summary"), list(summaries(build_command_line())))
def test_the_summary_of_a_command_is_the_first_line_of_its_help(name, summary):
    """The table of commands, which is shown without importing them, says what they say."""
    assert (COMMANDS[name].help or "").partition("\n")[0] == summary


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name):
    """docs/cli.md has a section for each command that names each of its options."""
    sections = re.split(r"^#+ `runrack ", PAGE.read_text(), flags=re.MULTILINE)
    (section,) = (text for text in sections[1:] if text.partition("`")[0].split(" [")[0].strip() == name)
    options = [
        option
        for parameter in COMMANDS[name].params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    ]
    assert [option for option in options if f"`{option}" not in section] == []


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_command_has_help(runrack, name):
    """`--help` exits with 0 and begins with the usage."""
    result = runrack(*name.split(), "--help")
    assert (result.exit_code, result.stdout.startswith(f"Usage: runrack {name}".strip())) == (0, True)


@pytest.mark.parametrize("name", ["rns", "runs lst", "runs list --limit 0", "runs list --sttus x", "events"])
def test_a_wrong_command_line_exits_with_2(runrack, name):
    """An unknown command or option, a bad value and a missing argument are the input's fault."""
    result = runrack(*name.split())
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: runrack")


def test_a_mistyped_command_is_recognised(runrack):
    """The nearest command is suggested, though none was imported."""
    assert "No such command 'evnts'. Did you mean 'events'?" in runrack("evnts").stderr


@pytest.mark.parametrize(("error", "code"), [(NotFoundError("gone"), 1), (ConfigError("wrong"), 2)])
def test_an_error_of_runrack_is_one_message(home, error, code):
    """A RunrackError is shown without a traceback and with its code; its class decides on the exit code."""
    result = run_failing(error)
    shown = f"error: {error.message}\n  more: runrack explain {error.code}\n"
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", shown)


def test_any_other_error_is_reported_as_a_bug(home):
    """What nobody foresaw is one line, and how to report it; no traceback."""
    result = run_failing(KeyError("x"))
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "error: KeyError: 'x'\nThis is a bug in runrack or in one of its plugins."
    )
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("options", "environment"), [(["--debug"], {}), ([], {"RUNRACK_DEBUG": "1"})])
def test_debugging_shows_the_traceback(home, options, environment):
    """`--debug` and RUNRACK_DEBUG=1 put the traceback before the message."""
    result = run_failing(NotFoundError("gone"), *options, **environment)
    assert result.stderr.startswith("Traceback (most recent call last):")
    assert result.stderr.endswith("error: gone\n  more: runrack explain RR-R100\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ExecutionInterruptedError("stopped"), click.Abort()])
def test_an_interruption_exits_with_130(home, error):
    """Ctrl-C, a signal to a run and an answer that is refused end the command with 130."""
    assert run_failing(error).exit_code == 130


def test_a_message_cannot_steer_the_terminal(home):
    """What an error quotes is escaped."""
    assert run_failing(NotFoundError("\x1b[31mgone")).stderr.startswith("error: \\x1b[31mgone\n")


def test_a_closed_pipe_is_no_error(spawn, environment, runrack):
    """When nobody reads any more, a command ends without a word."""
    command = f"{Path(sys.executable).parent / 'runrack'} plugins list --json | head -c 1"
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("{", "")


def test_no_color_is_honoured(home, runrack, monkeypatch):
    """With NO_COLOR set, nothing is coloured, also where colours could be shown."""
    assert "\x1b[" in runrack("plugins", "list", color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in runrack("plugins", "list", color=True).stdout


def test_the_version_is_that_of_the_installed_core(spawn):
    """`--version` names the version of runrack-core, alone and among other arguments."""
    from importlib.metadata import version

    expected = f"runrack {version('runrack-core')} (Python {sys.version.split()[0]})\n"
    assert spawn("--version").stdout == expected
    assert spawn("--debug", "--version").stdout == expected


def test_the_package_is_the_command_line():
    """`python -m runrack` does what `runrack` does."""
    command = [sys.executable, "-m", "runrack", "plugins", "why"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Usage: runrack plugins why" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_that_of_the_shell(runrack, shell):
    """`completion` prints a script that asks runrack itself."""
    result = runrack("completion", shell)
    assert result.exit_code == 0
    assert "_RUNRACK_COMPLETE" in result.stdout


def test_completion_offers_commands(spawn, environment):
    """What the script asks for is answered with the commands that fit."""
    environment |= {"_RUNRACK_COMPLETE": "bash_complete", "COMP_WORDS": "runrack runs ", "COMP_CWORD": "2"}
    of_runs = [name.split()[1] for name in COMMANDS if name.startswith("runs ")]
    assert spawn().stdout.split() == [f"plain,{name}" for name in of_runs]


@pytest.mark.parametrize("shown", ["--help", "--version"])
def test_help_and_version_import_next_to_nothing(fresh_process, shown):
    """The help of the whole needs no configuration, no instance, no third-party module but click."""
    (outcome,) = fresh_process([shown])
    third_party = {name.partition(".")[0] for name in outcome.modules} - sys.stdlib_module_names
    assert third_party & {"msgspec", "ruamel", "rich", "jsonschema", "pluggy", "sqlalchemy"} == set()
    assert not any(name.startswith("runrack.instance") for name in outcome.modules)
