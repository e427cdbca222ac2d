"""`plugins`: what is installed, and what is wrong with it."""

import json

import pytest

from runrack.testing.plugins import BROKEN_KINDS, broken_distribution, fake_distribution

COORDINATOR = """
from runrack.host.configurable import ConfigurableClass
from runrack.interfaces.run_coordinator import RunCoordinator


class Eager(RunCoordinator, ConfigurableClass):
    \"\"\"Starts runs at once.

    Always.
    \"\"\"

    inst_data = None

    def submit_run(self, context): ...
    def cancel_run(self, run_id): ...

    @classmethod
    def config_type(cls):
        return {"patience": int, "name": str}

    @classmethod
    def from_config_value(cls, inst_data, config_value):
        return cls()
"""

HOOKS = """
import click
from runrack.hookspecs import hookimpl


@hookimpl
def command_line_built(group):
    @group.command("hello")
    def hello():
        click.echo("hello from a plugin")
"""


@pytest.fixture
def eager(site):
    """A distribution with one plugin, and no manifest yet."""
    return fake_distribution(
        site,
        "acme-eager",
        "1.4.2",
        entry_points={"runrack.run_coordinator": {"eager": "acme_eager:Eager"}},
        modules={"acme_eager/__init__.py": COORDINATOR},
    )


def one(outcomes):
    (outcome,) = outcomes
    return outcome


def test_the_list_names_what_is_installed(fresh_process, eager):
    """Each plugin is listed with its slot, state and distribution; none is imported."""
    outcome = one(fresh_process(["plugins", "list", "--json", "--slot", "run_coordinator"]))
    listed = {plugin["name"]: plugin for plugin in json.loads(outcome.out)["plugins"]}
    assert set(listed) == {"default", "queued", "eager"}
    assert listed["eager"] == {
        "slot": "run_coordinator",
        "name": "eager",
        "state": "found",
        "distribution": "acme-eager",
        "version": "1.4.2",
        "target": "acme_eager:Eager",
        "declared_in": str(eager / "entry_points.txt"),
        "reason": None,
        "fix": None,
        "code": None,
        "needs_api": ["1.0"],
    }
    assert "acme_eager" not in outcome.modules


def test_two_that_claim_one_name_come_first(fresh_process, eager, site):
    """A conflict is listed before everything else, with its reason and what to do; the doctor exits with 1."""
    fake_distribution(
        site, "acme-late", entry_points={"runrack.run_coordinator": {"eager": "acme_late:Eager"}}
    )
    listed, doctor, shown = fresh_process(
        ["plugins", "list"], ["plugins", "doctor"], ["plugins", "show", "run_coordinator", "eager"]
    )
    assert [line.split()[1:3] for line in listed.out.splitlines()[1:3]] == [["eager", "shadowed"]] * 2
    assert (listed.code, doctor.code, shown.code) == (0, 1, 2)
    for text in (listed.out, doctor.out, shown.err):
        assert "acme-eager 1.4.2 and acme-late 1.0 both claim the name 'eager'" in text
        assert "uninstall one of them" in text


def test_why_tells_what_became_of_a_plugin(fresh_process, eager):
    """`why` takes the name of a plugin or of a distribution; with --import it says whether it works."""
    by_name, by_distribution, tried, unknown = fresh_process(
        ["plugins", "why", "eager"],
        ["plugins", "why", "acme-eager"],
        ["plugins", "why", "eager", "--import", "--json"],
        ["plugins", "why", "eagr"],
    )
    assert by_name.out == by_distribution.out
    assert "  state         found\n" in by_name.out
    assert "  to use it     run_coordinator: eager   in runrack.yaml\n" in by_name.out
    assert json.loads(tried.out)[0]["state"] == "loaded"
    assert "acme_eager" not in tried.modules
    assert (unknown.code, "did you mean 'eager'?" in unknown.err) == (2, True)


def test_show_reads_the_manifest_or_the_plugin(fresh_process, eager):
    """Without a manifest the plugin is imported to tell how it is configured; with one it is not. Both say the same."""
    command = ["plugins", "show", "run_coordinator", "eager"]
    before = one(fresh_process(command))
    written = one(fresh_process(["plugins", "manifest", "acme-eager"]))
    after = one(fresh_process(command))
    assert written.code == 0, written.err
    assert "Starts runs at once.\n\nConfiguration:\n  patience (required)\n  name (required)\n" in before.out
    assert after.out == before.out
    assert ("acme_eager" in before.modules, "acme_eager" in after.modules) == (True, False)


def test_a_manifest_that_is_out_of_date_is_noticed(fresh_process, eager, site):
    """`plugins manifest --check` writes nothing and exits with 1 unless the file is what would be written."""
    check = ["plugins", "manifest", "acme_eager", "--check"]
    missing, written, fresh = fresh_process(check, ["plugins", "manifest", "acme_eager"], check)
    assert (missing.code, written.code, fresh.code) == (1, 0, 0)
    file = site / "acme_eager" / "runrack_plugin.json"
    file.write_text(file.read_text().replace("patience", "impatience"))
    stale = one(fresh_process(check))
    assert (stale.code, "is not up to date: run `runrack plugins manifest acme_eager`" in stale.err) == (
        1,
        True,
    )


def test_a_manifest_repeats_the_versions_that_the_distribution_declares(fresh_process, eager, site):
    """Another entry in `runrack.plugin_api` makes the manifest out of date; `plugins show` says what is needed."""
    write = ["plugins", "manifest", "acme_eager"]
    one(fresh_process(write))
    with (eager / "entry_points.txt").open("a") as points:
        points.write(
            "\n[runrack.plugin_api]\n1 = acme_eager\nrun_coordinator-1.0 = x\nrun_coordinator-2.3 = x\n"
        )
    stale, written, shown = fresh_process(
        [*write, "--check"], write, ["plugins", "show", "run_coordinator", "eager"]
    )
    assert (stale.code, written.code) == (1, 0)
    (plugin,) = json.loads((site / "acme_eager" / "runrack_plugin.json").read_text())["plugins"]
    assert plugin["api"] == ["1.0", "2.3"]
    assert "  needs         run_coordinator API 1.0 or 2.3\n" in shown.out


def test_a_manifest_that_cannot_be_read_is_a_diagnosis(fresh_process, eager, site):
    """A damaged manifest is reported by the doctor and stops nothing."""
    (site / "acme_eager" / "runrack_plugin.json").write_text('{"manifest": 99}')
    doctor, schema = fresh_process(["plugins", "doctor"], ["config", "schema"])
    assert doctor.code == 1
    assert "acme-eager 1.4.2" in doctor.out
    assert "cannot be read as a manifest of version 1" in doctor.out
    assert "runrack plugins manifest acme_eager" in doctor.out
    assert (schema.code, json.loads(schema.out)["type"]) == (0, "object")


def test_an_unknown_package_has_no_manifest(runrack):
    """`plugins manifest` says that nothing is installed under the name."""
    result = runrack("plugins", "manifest", "nonesuch")
    assert (result.exit_code, "no installed plugin belongs to 'nonesuch'" in result.stderr) == (2, True)


def test_the_doctor_tries_every_plugin(fresh_process, site):
    """`plugins doctor --import` names cause and fix of each broken plugin, and imports none into its own process."""
    for kind in BROKEN_KINDS:
        broken_distribution(site, kind)
    outcome = one(fresh_process(["plugins", "doctor", "--import"]))
    assert outcome.code == 1
    assert outcome.out.splitlines()[-1].startswith("6 problems: ")
    for kind in BROKEN_KINDS:
        section = outcome.out.partition(f"run_storage {kind}\n")[2].partition("\n\n")[0]
        assert f"  distribution  broken-{kind.replace('_', '-')} 6.6\n" in section
        assert "  reason        " in section
        assert "  fix           " in section
    assert not any(name.startswith("broken_") for name in outcome.modules)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os\nos._exit(7)\n", "its import ends the process (exit code 7)"),
        ("import os\nos.abort()\n", "its import ends the process (exit code -6)"),
    ],
)
def test_a_plugin_that_ends_its_process_is_only_broken(fresh_process, site, source, reason):
    """Not even a crash during the import reaches the command that tries the plugin."""
    fake_distribution(
        site,
        "acme-crash",
        entry_points={"runrack.scheduler": {"crash": "acme_crash:Crash"}},
        modules={"acme_crash.py": source},
    )
    outcome = one(fresh_process(["plugins", "why", "crash", "--import"]))
    assert outcome.code == 0
    assert f"  reason        {reason}\n" in outcome.out


def test_the_trial_knows_what_each_slot_wants(fresh_process, site):
    """An executor that is no definition, and hooks that fit none, are broken though they can be imported."""
    fake_distribution(
        site,
        "acme-odd",
        entry_points={"runrack.executor": {"odd": "acme_odd:Odd"}, "runrack.hooks": {"odd": "acme_odd"}},
        modules={"acme_odd.py": "class Odd: pass\n"},
    )
    executor, hooks = json.loads(one(fresh_process(["plugins", "why", "odd", "--import", "--json"])).out)
    assert executor["reason"] == "the object is the class Odd, where an ExecutorDefinition is wanted"
    assert hooks["reason"].endswith("cannot be registered: implements no hook")


def test_what_a_plugin_prints_at_import_is_not_its_verdict(fresh_process, site):
    """Output of the import does not get between the trial and its outcome."""
    fake_distribution(
        site,
        "acme-loud",
        entry_points={"runrack.hooks": {"loud": "acme_loud"}},
        modules={"acme_loud.py": f"print('{{}}')\n{HOOKS}"},
    )
    outcome = one(fresh_process(["plugins", "why", "loud", "--import", "--json"]))
    assert json.loads(outcome.out)[0]["state"] == "loaded"


def test_safe_mode_lists_what_it_leaves_out(spawn, environment, eager):
    """With RUNRACK_SAFE_MODE=1 foreign plugins are blocked, and the list says how to let them in."""
    environment["RUNRACK_SAFE_MODE"] = "1"
    listed = spawn("plugins", "list", "--slot", "run_coordinator")
    assert listed.returncode == 0
    assert listed.stdout.splitlines()[1].split()[1:4] == ["eager", "blocked", "acme-eager"]
    assert "fix: unset RUNRACK_SAFE_MODE" in listed.stdout


def test_the_policy_of_the_file_counts(runrack, home, monkeypatch, eager, site):
    """`plugins: block:` is honoured; where the file is broken that is said, and the environment's policy counts."""
    monkeypatch.syspath_prepend(str(site))
    (home / "runrack.yaml").write_text("plugins: {block: [acme-*]}\n")
    blocked = runrack("plugins", "list", "--slot", "run_coordinator")
    assert "blocked" in blocked.stdout
    (home / "runrack.yaml").write_text("plugins: {blok: [acme-*]}\n")
    broken = runrack("plugins", "list", "--slot", "run_coordinator")
    assert (broken.exit_code, "blocked" in broken.stdout) == (0, False)
    assert "`runrack config check` says why" in broken.stderr


def test_a_plugin_may_add_commands(fresh_process, site):
    """The hook `command_line_built` is called for ordinary commands, and not for those that repair things."""
    fake_distribution(
        site,
        "acme-hello",
        entry_points={"runrack.hooks": {"hello": "acme_hello"}},
        modules={"acme_hello.py": HOOKS},
    )
    *recovery, hello = fresh_process(
        ["plugins", "list"], ["config", "check"], ["runs", "--help"], ["--help"], ["hello"]
    )
    assert not any("acme_hello" in outcome.modules for outcome in recovery)
    assert (hello.code, hello.out) == (0, "hello from a plugin\n")


def test_a_broken_hook_plugin_stops_nothing(fresh_process, site):
    """A hook plugin that cannot be loaded is left out with one warning that names it and its fix."""
    broken_distribution(site, "raising", slot="hooks")
    outcome = one(fresh_process(["runs", "list"]))
    assert (outcome.code, outcome.out.startswith("There are no runs yet.")) == (0, True)
    assert outcome.err.count("warning: a hook plugin is left out: ") == 1
    assert "broken-raising 6.6" in outcome.err
    assert "fix: " in outcome.err
