"""`init` and `instance`: the home and what is in it."""

import json
import stat

from runrack.instance.configuration import load_configuration


def uncommented(text):
    """The file with every default written out: a comment that is not prose has a colon after its first word."""
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    return "\n".join(line for line in lines if line[:1] != "#" and _is_yaml(line)) + "\n"


def _is_yaml(line):
    key = line.strip().partition(":")
    return bool(key[1]) and key[0].replace("_", "").isalpha() and not line.startswith("  storage: {")


def test_a_home_is_made_for_its_owner_alone(runrack, tmp_path):
    """`init --home` makes the folder with mode 0700 and its configuration, and says what to do next."""
    folder = tmp_path / "new"
    result = runrack("init", "--home", str(folder))
    assert result.exit_code == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "runrack.yaml").stat().st_mode) == 0o600
    assert result.stdout.startswith(
        f"made {folder}\nwrote {folder}/runrack.yaml\n\nNext:\n  export RUNRACK_HOME={folder}\n"
    )


def test_what_is_there_stays(runrack, home):
    """A second `init` changes nothing."""
    (home / "runrack.yaml").write_text("storage: memory\n")
    result = runrack("init")
    assert (result.exit_code, result.stdout.splitlines()[:2]) == (
        0,
        [f"found {home}", f"kept {home}/runrack.yaml"],
    )
    assert (home / "runrack.yaml").read_text() == "storage: memory\n"


def test_a_home_that_cannot_be_made(runrack, tmp_path):
    """A path below a file is refused in one line."""
    (tmp_path / "file").touch()
    result = runrack("init", "--home", str(tmp_path / "file" / "home"))
    assert (result.exit_code, result.stderr.startswith("error: the runrack home cannot be made")) == (2, True)


def test_the_comments_of_the_file_are_the_defaults(runrack, home):
    """The file as it is changes nothing, and with its comments taken away it says what holds without it."""
    runrack("init")
    file = home / "runrack.yaml"
    without = load_configuration(home / "nonesuch.yaml")
    plain = load_configuration(file)
    assert plain.values == without.values
    file.write_text(uncommented(file.read_text()))
    written_out = load_configuration(file)
    registry = written_out.make_registry()
    assert written_out.choose_parts(registry, str(home)) == without.choose_parts(registry, str(home))
    assert set(written_out.settings) == {
        "plugins",
        "python_logs",
        "run_monitoring",
        "run_retries",
        "daemon",
        "retention",
        "workspace",
    }
    assert runrack("config", "check").stdout == f"ok: {file}\n"


def test_home_prints_the_folder(runrack, home):
    """`instance home` prints the path and nothing else."""
    assert runrack("instance", "home").stdout == f"{home}\n"


def test_info_shows_every_part(runrack, home):
    """`instance info` names home, file, and the class and configuration of each part; secrets are not shown."""
    (home / "runrack.yaml").write_text(
        "storage: {module: acme, class: Store, config: {password: hunter2, host: {env: DB}}}\n"
        "python_logs: {managed_python_loggers: [a]}\n"
    )
    info = json.loads(runrack("instance", "info", "--json").stdout)
    assert (info["home"], info["config_file"]) == (str(home), str(home / "runrack.yaml"))
    assert info["instance"]["storage"] == {
        "module": "acme",
        "class": "Store",
        "config": {"password": "***", "host": {"env": "DB"}},
    }
    shown = runrack("instance", "info").stdout
    assert "storage                     acme.Store\n" in shown
    assert "  password                  ***\n" in shown
    assert "  managed_python_loggers    ['a']\n" in shown
    assert "hunter2" not in shown


def test_info_without_a_file_says_so(runrack, home):
    """Where there is no runrack.yaml, every part is the default one, and `init` is named."""
    assert "configuration               no runrack.yaml in the home" in runrack("instance", "info").stdout
