"""`config`: the whole file checked, its schema, what it comes to."""

import json
import re
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from runrack.config.vocabulary import (
    Field,
    IntSource,
    Noneable,
    Permissive,
    Selector,
    StringSource,
    Union,
    resolve_field,
)
from runrack.host.manifest import Manifest, ManifestEntry
from runrack.testing.plugins import fake_distribution

CORPUS = sorted((Path(__file__).parents[1] / "config" / "corpus").glob("*.yaml"))
EXPECTATION = re.compile(r"# expect (\d+):(\d+) (\S+)(?: did-you-mean=(\S+))?")
SECRETS = ("hunter2", "98765432101234")

POSTGRES = Selector(
    {
        "postgres_url": StringSource,
        "postgres_db": {
            "username": StringSource,
            "password": StringSource,
            "hostname": StringSource,
            "db_name": StringSource,
            "port": Field(IntSource, default_value=5432),
            "params": Field(Permissive(), default_value={}),
        },
    }
)
QUEUED = {
    "max_concurrent_runs": Field(IntSource, default_value=10),
    "tag_concurrency_limits": Field(
        Noneable(
            [
                {
                    "key": str,
                    "value": Field(Union(str, {"applyLimitPerUniqueValue": bool}), is_required=False),
                    "limit": int,
                }
            ]
        ),
        default_value=[],
    ),
    "dequeue_interval_seconds": Field(IntSource, default_value=5),
}
PLUGINS = {
    "runrack_sqlite": ("storage", "sqlite", "SqliteStorage", {"base_dir": StringSource}),
    "runrack_postgres": ("storage", "postgres", "PostgresStorage", POSTGRES),
    "runrack_queue": ("run_coordinator", "queued", "QueuedRunCoordinator", QUEUED),
}


@pytest.fixture
def plugins(site):
    """Distributions whose code cannot be imported; all that is known about them are their manifests."""
    for package, (slot, name, class_name, config) in PLUGINS.items():
        target = f"{package}:{class_name}"
        distribution = package.replace("_", "-")
        schema = resolve_field(config).json_schema()
        manifest = Manifest(distribution, (ManifestEntry(slot, name, target, "", schema),))
        fake_distribution(
            site,
            distribution,
            entry_points={f"runrack.{slot}": {name: target}},
            modules={
                f"{package}/__init__.py": "raise RuntimeError('imported')",
                f"{package}/runrack_plugin.json": manifest.render(),
            },
        )


def assert_fits(file, code, message):
    """The message of a bad file has the place, the path and the suggestion that its first line expects."""
    match = EXPECTATION.fullmatch(file.read_bytes().split(b"\n", 1)[0].decode())
    assert match is not None
    line, column, path, suggestion = match.groups()
    assert code == 2, message
    assert message.startswith(
        f"error: {file}:{line}:{column} {path}" if path != "-" else f"error: {file}:{line}:{column}: "
    )
    assert suggestion is None or f"did you mean {suggestion!r}?" in message
    assert len(message.splitlines()) <= 12
    assert "Traceback" not in message
    assert not any(secret in message for secret in SECRETS)


def test_every_bad_file_is_refused_at_its_place(fresh_process, plugins):
    """All files of the corpus, checked without importing any plugin: right line, column, path and suggestion."""
    outcomes = fresh_process(*(["config", "check", str(file)] for file in CORPUS))
    assert len(outcomes) >= 60
    for file, outcome in zip(CORPUS, outcomes, strict=True):
        assert_fits(file, outcome.code, outcome.err)
        assert outcome.out == ""
    assert not {"runrack_sqlite", "runrack_postgres", "runrack_queue"} & outcomes[-1].modules


@pytest.mark.parametrize("file", CORPUS[::9], ids=lambda file: file.stem)
def test_a_bad_file_ends_the_process_with_2(spawn, plugins, file):
    """The console script itself exits with 2 and one screen."""
    done = spawn("config", "check", str(file))
    assert_fits(file, done.returncode, done.stderr)


def test_a_good_file_is_one_line(runrack, home):
    """A file with nothing wrong is told in one line."""
    (home / "runrack.yaml").write_text("storage: {sqlite: {base_dir: /tmp/x}}\nrun_launcher: in_process\n")
    result = runrack("config", "check")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"ok: {home}/runrack.yaml\n", "")


def test_without_a_file_everything_is_default(runrack, home):
    """A home without a file is in order."""
    result = runrack("config", "check")
    assert (result.exit_code, result.stdout) == (
        0,
        f"ok: there is no {home}/runrack.yaml: every part is the default one\n",
    )


def test_all_mistakes_are_told_at_once(runrack, tmp_path):
    """Mistakes in settings, names and the configuration of plugins come together, in the order of the file."""
    file = tmp_path / "runrack.yaml"
    file.write_text("storage:\n  sqlite: {base_dri: x}\ncompute_logs: lcal\nrun_retries: {enabled: 1}\n")
    lines = runrack("config", "check", str(file)).stderr.splitlines()
    assert [line.removeprefix("error: ").split(" ")[0] for line in lines[-4:-1]] == [
        f"{file}:2:12",
        f"{file}:3:15",
        f"{file}:4:24",
    ]
    assert lines[-1] == "  more: runrack explain RR-C301 RR-C304 RR-C303"


def test_combined_and_separate_storages_exclude_each_other(runrack, tmp_path):
    """What the file chooses has to fit together, too."""
    file = tmp_path / "runrack.yaml"
    file.write_text("storage: memory\nrun_storage: memory\n")
    result = runrack("config", "check", str(file))
    assert (result.exit_code, result.stderr) == (
        2,
        (
            f"error: {file}:2:1 run_storage: cannot stand beside `storage`: remove one\n"
            "  more: runrack explain RR-C501\n"
        ),
    )


def test_a_plugin_without_a_manifest_is_said_to_be_unchecked(fresh_process, plugins, site, home):
    """What is not known is not claimed to be right: the plugin is named, and the way to check it fully."""
    (site / "runrack_postgres" / "runrack_plugin.json").unlink()
    (home / "runrack.yaml").write_text("storage: {postgres: {anything: goes}}\nrun_coordinator: queued\n")
    checked, imported = fresh_process(["config", "check"], ["config", "check", "--import"])
    assert checked.code == 0
    assert "not checked: the configuration of storage: runrack_postgres:PostgresStorage" in checked.out
    assert "`runrack config check --import`" in checked.out
    assert (imported.code, "RuntimeError: imported" in imported.err) == (2, True)


def test_references_are_resolved_only_with_import(runrack, home, monkeypatch):
    """Without --import a reference only has to be well formed; with it, it has to lead somewhere."""
    monkeypatch.delenv("SURELY_NOT_SET", raising=False)
    (home / "runrack.yaml").write_text("storage:\n  sqlite:\n    base_dir: {env: SURELY_NOT_SET}\n")
    assert runrack("config", "check").exit_code == 0
    result = runrack("config", "check", "--import")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"error: {home}/runrack.yaml:3:15 storage.sqlite.base_dir: environment variable"
    )


def test_a_blocked_plugin_cannot_be_chosen(runrack, home):
    """A part that the policy excludes is a mistake of the file, with what to do about it."""
    (home / "runrack.yaml").write_text("plugins: {block: [runrack-memory]}\nstorage: memory\n")
    result = runrack("config", "check")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {home}/runrack.yaml:2:1 storage: runrack-memory ")
    assert "fix: take it out of `plugins: block:`" in result.stderr


def test_the_long_form_is_checked_like_the_short_one(runrack, tmp_path):
    """`module:` and `class:` of a plugin with a manifest are known as well as its name."""
    file = tmp_path / "runrack.yaml"
    file.write_text(
        "compute_logs:\n  module: runrack_local\n  class: LocalComputeLogManager\n  config: {bas_dir: x}\n"
    )
    result = runrack("config", "check", str(file))
    assert result.stderr.startswith(
        f"error: {file}:4:12 compute_logs.config.bas_dir: unknown key; did you mean 'base_dir'?"
    )


def test_a_missing_file_is_the_inputs_fault(runrack, tmp_path):
    """A file that is named has to be there."""
    result = runrack("config", "check", str(tmp_path / "nonesuch.yaml"))
    assert (result.exit_code, "cannot be read" in result.stderr) == (2, True)


def test_the_schema_knows_the_plugins(runrack, home):
    """The schema accepts what `check` accepts and refuses a misspelt key of a plugin."""
    schema = json.loads(runrack("config", "schema").stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(
        {"storage": {"sqlite": {"base_dir": {"env": "X"}}}, "run_launcher": "in_process"}
    )
    assert not validator.is_valid({"storage": {"sqlite": {"base_dri": "x"}}})
    assert not validator.is_valid({"storage": "sqlit"})
    assert not validator.is_valid({"stroage": "sqlite"})


def test_the_shown_configuration_is_whole_and_holds_no_secret(runrack, home):
    """Every part is shown in its long form, references as they stand, literal secrets as ***."""
    (home / "runrack.yaml").write_text(
        "run_coordinator:\n  module: acme\n  class: Q\n  config: {password: hunter2, host: {env: H}}\n"
        "run_retries: {enabled: true}\n"
    )
    shown = runrack("config", "show").stdout
    assert shown.startswith(f"# {home}/runrack.yaml\n")
    assert "  config:\n    host:\n      env: H\n    password: '***'\n" in shown
    assert "storage:\n  module: runrack_sqlite\n  class: SqliteStorage\n" in shown
    assert "run_retries:\n  enabled: true\n  max_retries: 0\n" in shown
    assert "hunter2" not in shown


def test_what_a_manifest_declares_secret_is_not_shown(fresh_process, site, home):
    """A literal value in a field that the plugin calls secret is shown as ***, without importing the plugin."""
    schema = resolve_field({"pin": Field(str, is_secret=True), "door": str}).json_schema()
    entry = ManifestEntry(
        "run_coordinator", "acme", "acme:Acme", config_schema=schema, secret_paths=(("pin",),)
    )
    fake_distribution(
        site,
        "acme",
        entry_points={"runrack.run_coordinator": {"acme": "acme:Acme"}},
        modules={
            "acme/__init__.py": "raise RuntimeError('imported')",
            "acme/runrack_plugin.json": Manifest("acme", (entry,)).render(),
        },
    )
    (home / "runrack.yaml").write_text("run_coordinator: {acme: {pin: hunter2, door: front}}\n")
    (shown,) = fresh_process(["config", "show"])
    assert "  config:\n    door: front\n    pin: '***'\n" in shown.out
    assert "hunter2" not in shown.out
    assert "acme" not in shown.modules


def test_what_is_shown_is_a_configuration(runrack, home, tmp_path):
    """`config show` prints a file that `config check` accepts."""
    shutil.copyfile(
        _written(tmp_path / "shown.yaml", runrack("config", "show").stdout), home / "runrack.yaml"
    )
    assert runrack("config", "check").exit_code == 0


def _written(file, text):
    file.write_text(text)
    return file
