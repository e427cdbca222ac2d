"""`runrack explain` prints the page of an error code, without a network."""

import json

from runrack.cli.explain import PAGES


def test_a_code_is_explained(runrack):
    """The page of the code is printed as it lies in the package; case does not count, and the prefix may be left out."""
    page = (PAGES / "RR-C301.md").read_text()
    assert [runrack("explain", code).stdout for code in ("RR-C301", "rr-c301", "C301")] == [page] * 3


def test_what_only_tests_read_is_not_printed(runrack):
    """The marker of a block that is not run is left out."""
    assert "<!--" in (PAGES / "RR-S105.md").read_text()
    assert "<!--" not in runrack("explain", "RR-S105").stdout


def test_all_codes_are_listed(runrack):
    """Without a code, every one is listed with its title."""
    lines = runrack("explain").stdout.splitlines()
    assert len(lines) == len(list(PAGES.glob("*.md")))
    assert "RR-C301  Unknown key" in lines


def test_several_codes_as_json(runrack):
    """With --json each code is an object with its title and text, in the order given."""
    explained = json.loads(runrack("explain", "C301", "S105", "--json").stdout)
    assert [(page["code"], page["title"]) for page in explained] == [
        ("RR-C301", "Unknown key"),
        ("RR-S105", "The disk is full"),
    ]


def test_an_unknown_code_suggests_the_nearest(runrack):
    """A code that does not exist is the input's fault; the nearest one is suggested."""
    result = runrack("explain", "RR-C3011")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: there is no error code 'RR-C3011'; did you mean RR-C301? ")


def test_an_error_is_json_where_json_was_asked_for(runrack):
    """A failed command with --json says so in one line of JSON on standard error, with the codes."""
    result = runrack("explain", "RR-C3011", "--json")
    error = json.loads(result.stderr)["error"]
    assert (result.exit_code, result.stdout) == (2, "")
    assert (error["codes"], error["exit_code"], error["problems"]) == (["RR-A101"], 2, [])
    assert error["message"].startswith("there is no error code")


def test_problems_of_a_configuration_keep_their_codes_in_json(runrack, home, tmp_path):
    """Each mistake of a configuration is one of the `problems`, with its own code."""
    (home / "runrack.yaml").write_text("run_retries: {enabled: 1}\nrun_retrys: {}\n")
    error = json.loads(runrack("runs", "list", "--json").stderr)["error"]
    assert sorted(problem["code"] for problem in error["problems"]) == ["RR-C301", "RR-C303"]
    assert sorted(error["codes"]) == ["RR-C301", "RR-C303"]
