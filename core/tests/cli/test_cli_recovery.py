"""Whatever is wrong with a plugin, the commands work, and where it is used they say what is wrong."""

import click
import pytest

from runrack.cli.command_line import build_command_line
from runrack.testing.plugins import BROKEN_KINDS, broken_distribution

CAUSES = {
    "missing_dependency": ("ModuleNotFoundError", "pip install 'broken-missing-dependency[driver]'"),
    "syntax_error": ("SyntaxError", "use a Python that fits"),
    "missing_attribute": ("AttributeError", "pip install --upgrade broken-missing-attribute"),
    "raising": ("RuntimeError: the import of this plugin raises", "pip install --upgrade broken-raising"),
    "wrong_class": ("Broken does not derive from runrack.interfaces.storage.Storage", "name a class"),
    "sys_exit": ("SystemExit", "pip install --upgrade broken-sys-exit"),
}

WITHOUT_IMPORTS = [
    ["--help"],
    ["--version"],
    ["plugins", "--help"],
    ["plugins", "list"],
    ["plugins", "list", "--json"],
    ["plugins", "why", "KIND"],
    ["plugins", "doctor"],
    ["plugins", "show", "storage", "sqlite"],
    ["config", "check"],
    ["config", "schema"],
    ["config", "show"],
    ["run", "--help"],
    ["job", "--help"],
    ["job", "list", "JOBS"],
    ["job", "show", "JOBS:find_largest"],
    ["job", "schema", "--help"],
    ["asset", "--help"],
    ["runs", "--help"],
    ["runs", "list", "--help"],
    ["events", "--help"],
    ["logs", "--help"],
    ["init"],
    ["instance", "home"],
    ["instance", "info"],
    ["completion", "bash"],
]
"""Commands that import no plugin at all."""

WITH_IMPORTS = [
    ["job", "schema", "JOBS:find_largest"],
    ["job", "scaffold", "JOBS:find_largest"],
    ["run", "JOBS:find_largest", "--dry-run"],
    ["run", "JOBS:find_largest"],
    ["run", "--reexecute", "last"],
    ["runs", "list"],
    ["runs", "show", "last"],
    ["events", "last"],
    ["logs", "last"],
    ["asset", "list"],
    ["plugins", "manifest", "runrack_local", "--check"],
    ["queue"],
    ["schedule", "list"],
    ["sensor", "list"],
    ["backfill", "list"],
    ["daemon", "run", "--once"],
    ["storage", "status"],
    ["storage", "check"],
    ["storage", "prune"],
    ["runs", "delete", "last", "--yes"],
]
"""Commands that import the plugins that they use."""

ON_THE_INSTANCE = [
    ["runs", "list"],
    ["runs", "show", "last"],
    ["runs", "watch"],
    ["runs", "cancel", "last"],
    ["runs", "delete", "last", "--yes"],
    ["runs", "submit", "JOBS:find_largest"],
    ["queue"],
    ["events", "last"],
    ["logs", "last"],
    ["asset", "list"],
    ["asset", "show", "a"],
    ["asset", "wipe", "a", "--yes"],
    ["run", "JOBS:find_largest"],
    ["run", "--from-failure", "last"],
    ["schedule", "list"],
    ["schedule", "start", "daily"],
    ["schedule", "stop", "daily"],
    ["schedule", "reset", "daily"],
    ["schedule", "ticks", "daily"],
    ["sensor", "list"],
    ["sensor", "start", "files"],
    ["sensor", "stop", "files"],
    ["sensor", "reset", "files"],
    ["sensor", "ticks", "files"],
    ["sensor", "cursor", "files"],
    ["backfill", "list"],
    ["backfill", "status", "1"],
    ["backfill", "cancel", "1"],
    ["daemon", "run", "--once"],
    ["daemon", "status"],
    ["storage", "status"],
    ["storage", "check"],
    ["storage", "migrate"],
    ["storage", "prune"],
    ["config", "check", "--import"],
    ["plugins", "show", "storage", "KIND"],
]
"""Commands that need the storage."""


def every_command(command=None, path=()):
    """The words of each command that there is."""
    command = command or build_command_line()
    if not isinstance(command, click.Group):
        return [list(path)]
    context = click.Context(command)
    names = command.list_commands(context)
    return [
        words for name in names for words in every_command(command.get_command(context, name), (*path, name))
    ]


def broken_modules(outcome):
    return {name for name in outcome.modules if name.startswith("broken_")}


@pytest.mark.parametrize("kind", BROKEN_KINDS)
def test_every_command_works_beside_a_broken_plugin(fresh_process, site, jobs, kind):
    """A broken plugin that nobody uses is never imported, and every command exits with 0."""
    broken_distribution(site, kind, slot="storage")
    commands = [
        [part.replace("KIND", kind).replace("JOBS", jobs) for part in command]
        for command in [*WITHOUT_IMPORTS, *WITH_IMPORTS]
    ]
    helps = [[*words, "--help"] for words in every_command()]
    outcomes = fresh_process(*helps, *commands)
    assert {
        tuple(outcome.arguments): (outcome.code, outcome.err) for outcome in outcomes if outcome.code
    } == {}
    assert set().union(*map(broken_modules, outcomes)) == set()
    for outcome in outcomes[: len(helps) + len(WITHOUT_IMPORTS)]:
        assert {name for name in outcome.modules if name.startswith("runrack_")} == set(), outcome.arguments


@pytest.mark.parametrize("kind", BROKEN_KINDS)
def test_commands_that_need_a_broken_plugin_say_what_is_wrong(fresh_process, site, home, jobs, kind):
    """Where the broken plugin is chosen, the commands that need it exit with 2 and name distribution, version, cause, fix."""
    broken_distribution(site, kind, slot="storage")
    (home / "runrack.yaml").write_text(f"storage: {kind}\n")
    cause, fix = CAUSES[kind]
    outcomes = fresh_process(
        *([part.replace("KIND", kind).replace("JOBS", jobs) for part in words] for words in ON_THE_INSTANCE)
    )
    for outcome in outcomes:
        assert outcome.code == 2, outcome
        assert f"broken-{kind.replace('_', '-')} 6.6" in outcome.err
        assert cause in outcome.err
        assert fix in outcome.err
        assert "Traceback" not in outcome.err


@pytest.mark.parametrize("kind", BROKEN_KINDS)
def test_commands_that_repair_work_while_a_broken_plugin_is_chosen(fresh_process, site, home, jobs, kind):
    """`list`, `why`, `doctor`, `check`, `schema`, `show`, `info`, help and version do not need the plugin that is chosen."""
    broken_distribution(site, kind, slot="storage")
    (home / "runrack.yaml").write_text(f"storage: {kind}\n")
    commands = [
        [part.replace("KIND", kind).replace("JOBS", jobs) for part in command] for command in WITHOUT_IMPORTS
    ]
    outcomes = fresh_process(*commands)
    assert {
        tuple(outcome.arguments): (outcome.code, outcome.err) for outcome in outcomes if outcome.code
    } == {}
    assert set().union(*map(broken_modules, outcomes)) == set()
    (tried,) = fresh_process(["plugins", "why", kind, "--import"])
    cause, fix = CAUSES[kind]
    assert (tried.code, cause in tried.out, fix in tried.out) == (0, True, True)
