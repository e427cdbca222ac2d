"""How problems are shown."""

from __future__ import annotations

import pytest

from runrack.config.problem import ConfigProblem, Position, format_path, nearest, render


def test_line_of_a_problem():
    """A problem is one line: position, path, message, suggestion, what is allowed."""
    problem = ConfigProblem(
        Position("runrack.yaml", 12, 8), "storage.postgres.prot", "unknown key", "port", ("host", "port")
    )

    assert (
        str(problem)
        == "runrack.yaml:12:8 storage.postgres.prot: unknown key; did you mean 'port'? allowed: host, port"
    )


def test_line_without_position_and_path():
    """A problem of a whole value that comes from no file is its message alone."""
    assert (
        str(ConfigProblem(None, "", "expected a mapping", allowed=("a",))) == "expected a mapping; allowed: a"
    )


def test_order_and_limit():
    """Problems come in the order of the document, those without a position last, and after ten only their number."""
    problems = [ConfigProblem(Position("f", line, 1), f"k{line}", "bad") for line in range(12, 1, -1)]
    problems.insert(0, ConfigProblem(None, "elsewhere", "bad"))

    lines = render(problems).splitlines()

    assert lines[0] == "f:2:1 k2: bad"
    assert lines[-1] == "and 2 more"
    assert len(lines) == 11


def test_a_problem_found_twice_is_shown_once():
    """Equal problems are one."""
    problem = ConfigProblem(None, "a", "bad")

    assert render([problem, problem]) == "a: bad"


def test_long_problem_is_cut():
    """A problem never takes more than 600 characters."""
    problem = ConfigProblem(None, "a", "unknown key", None, tuple(f"name_{i}" for i in range(500)))

    assert len(str(problem)) == 600


def test_terminal_escapes_are_shown_as_text():
    """A key cannot steer the terminal: control and direction characters are written as escapes."""
    path = format_path(("a\x1b[31mb", "c\u202ed"))

    assert ConfigProblem(None, path, "unknown key\r").__str__().isprintable()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("storage", "postgres", "port"), "storage.postgres.port"),
        (("limits", 0, "limit"), "limits[0].limit"),
        (("run-queue",), "run-queue"),
        (("a b", "c"), "['a b'].c"),
        (("x" * 100,), "['" + "x" * 59 + "…']"),
    ],
)
def test_format_path(path, expected):
    """A path is written as one would write it in Python, and an endless key is cut."""
    assert format_path(path) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("prot", "port"), ("PORT", "port"), ("base-dir", "base_dir"), ("basedir", "base_dir"), ("xyzzy", None)],
)
def test_nearest(name, expected):
    """The nearest name is found whatever its case and hyphens; a name far from all has none."""
    assert nearest(name, ["host", "port", "base_dir"]) == expected


def test_nearest_of_nothing():
    """Without candidates there is no nearest name."""
    assert nearest("port", []) is None


def test_nearly_all_typos_get_the_right_suggestion():
    """At least 90 % of all typos of one edit in the keys of runrack.yaml lead back to the key."""
    keys = [
        "storage", "sqlite", "postgres", "base_dir", "postgres_url", "postgres_db", "username", "password", "hostname",
        "db_name", "port", "params", "run_coordinator", "max_concurrent_runs", "tag_concurrency_limits",
        "dequeue_interval_seconds", "run_monitoring", "python_logs", "python_log_level", "module", "class", "config",
    ]  # fmt: skip
    typos = [(typo, key) for key in keys for typo in _one_edit(key)]

    right = sum(nearest(typo, keys) == key for typo, key in typos)

    assert right >= 0.9 * len(typos)


def _one_edit(key: str) -> set[str]:
    places = range(len(key))
    deletions = {key[:i] + key[i + 1 :] for i in places}
    doublings = {key[:i] + key[i] + key[i:] for i in places}
    replacements = {key[:i] + "x" + key[i + 1 :] for i in places}
    swaps = {key[:i] + key[i + 1] + key[i] + key[i + 2 :] for i in places[:-1]}
    return (deletions | doublings | replacements | swaps) - {key}
