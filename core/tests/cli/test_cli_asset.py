"""`asset`: listed, shown, forgotten."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from runrack.records.asset import AssetMaterialization, AssetObservation
from runrack.records.asset_key import AssetKey
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_plan

RUNRACK = str(Path(sys.executable).parent / "runrack")
RUN = "aaaa1111-0000-4000-8000-000000000000"
DAILY = AssetKey(["sales", "daily"])


@pytest.fixture
def assets(instance, add_run):
    """Three assets: one with metadata, one with partitions in each status, one that was only observed."""
    written = AssetMaterialization(
        asset_key="report", description="all is well", metadata={"rows": 3, "password": "hunter2"}
    )
    instance.report_runless_asset_event(written)
    for partition in ("north", "south"):
        instance.report_runless_asset_event(AssetMaterialization(asset_key=DAILY, partition=partition))
    instance.report_runless_asset_event(AssetObservation(asset_key=AssetKey(["a/b\x1b"])))
    add_run(RUN, EventType.RUN_START)
    instance.handle_new_event(make_plan(list(DAILY.path), "west", RUN))
    instance.handle_new_event(make_entry(EventType.RUN_FAILURE, RUN))


def listed(runrack, *arguments):
    found = json.loads(runrack("asset", "list", *arguments, "--json").stdout)
    return ["/".join(asset["asset_key"]) for asset in found["assets"]], found["cursor"]


def test_without_assets_the_list_says_what_to_do(runrack):
    """An empty list is an answer, not silence."""
    assert runrack("asset", "list").stdout.startswith("There are no assets yet.")


def test_assets_are_listed_by_key(runrack, assets):
    """Each asset has a line; what its key holds cannot steer the terminal."""
    lines = runrack("asset", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ASSET", "a/b\\x1b", "report", "sales/daily"]
    assert (lines[1].split()[1], lines[3].split()[-1]) == ("never", "2")
    assert listed(runrack, "sales") == (["sales/daily"], None)
    assert runrack("asset", "list", "sale").stdout.startswith("No asset is like that.")


def test_a_page_of_assets_names_the_next(runrack, assets):
    """The cursor of a page is where the next one begins."""
    first, cursor = listed(runrack, "--limit", "2")
    rest, end = listed(runrack, "--cursor", cursor)
    assert (first, rest, end) == (["a/b\x1b", "report"], ["sales/daily"], None)


def test_an_asset_is_shown(runrack, assets):
    """What was said about it when it was last written; what looks like a secret is masked."""
    lines = runrack("asset", "show", "report").stdout.splitlines()
    assert lines[0] == "asset         report"
    assert lines[2:] == [
        "description   all is well",
        "metadata      rows: 3",
        "metadata      password: ***",
    ]


def test_the_partitions_of_an_asset(runrack, assets):
    """Each known partition has its status; those that want attention come first."""
    shown = json.loads(runrack("asset", "show", "sales/daily", "--json").stdout)
    assert shown["partitions"] == {"north": "MATERIALIZED", "south": "MATERIALIZED", "west": "FAILED"}
    lines = runrack("asset", "show", "sales/daily").stdout.splitlines()
    assert "partitions    2 MATERIALIZED, 1 FAILED" in lines
    assert [line.split()[0] for line in lines[-3:]] == ["west", "north", "south"]


def test_a_key_with_a_slash_in_a_part_is_given_as_json(runrack, assets):
    """The JSON list of the parts names any key."""
    shown = json.loads(runrack("asset", "show", '["a/b\\u001b"]', "--json").stdout)
    assert (shown["asset_key"], shown["materialized_at"]) == (["a/b\x1b"], None)
    assert shown["observed_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["show", "repot"], 1, "did you mean 'report'?"),
        (["show", "[1]"], 2, "asset key"),
        (["wipe", "zzzzzz", "--yes"], 1, "`runrack asset list` lists those that are known"),
        (["wipe", "report"], 2, "confirm the wipe with --yes"),
        (["wipe", "sales/daily", "--partition", "wst", "--yes"], 1, "nothing was wiped"),
    ],
)
def test_an_asset_that_cannot_be_used(runrack, assets, arguments, code, message):
    """What is not known, or not confirmed, is one message; nothing is wiped."""
    result = runrack("asset", *arguments)
    assert (result.exit_code, result.stdout, message in result.stderr) == (code, "", True), result.stderr
    assert len(listed(runrack)[0]) == 3


def test_assets_are_wiped(runrack, assets, instance):
    """Partitions alone, or all of an asset, are forgotten."""
    result = runrack("asset", "wipe", "sales/daily", "--partition", "north", "--yes")
    assert (result.exit_code, result.stdout) == (0, "wiped sales/daily: north\n")
    assert instance.get_materialized_partitions(DAILY) == {"south"}
    assert runrack("asset", "wipe", "sales/daily", "report", "--yes").exit_code == 0
    assert listed(runrack)[0] == ["a/b\x1b"]


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 130), (b"y\n", 0)])
def test_on_a_terminal_wiping_asks(environment, assets, instance, answer, code):
    """Only yes wipes."""
    master, slave = pty.openpty()
    os.write(master, answer)
    done = subprocess.run(
        [RUNRACK, "asset", "wipe", "report"],
        stdin=slave,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    os.close(slave)
    os.close(master)
    assert (done.returncode, instance.has_asset_key(AssetKey("report"))) == (code, code != 0), done.stderr
    assert done.stdout.startswith("report\nForget what is known of this for good?")
