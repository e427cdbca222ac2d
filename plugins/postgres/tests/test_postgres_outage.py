"""Jobs that run while their server crashes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from runrack.instance.event_spool import FOLDER, SpooledCall, SpoolFile, waiting_events
from runrack.instance.instance import Instance
from runrack.testing.builders import make_entry

HARNESS = Path(__file__).with_name("outage_harness.py")


def test_runs_outlive_crashes_of_the_server():
    """Jobs go on while the server is away for longer than a call waits: every event arrives once, every run succeeds."""
    done = subprocess.run(
        [sys.executable, HARNESS, "1", "3", "2"], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    names = ("failed_workers", "unsuccessful_runs", "lost", "lost_lines", "doubled", "still_waiting")
    assert {name: found[name] for name in names} == dict.fromkeys(names, 0)
    assert found["acknowledged"] > 0
    assert "events are kept in" in done.stderr


def test_what_a_killed_process_left_is_stored_by_the_next_that_opens_the_home(url, tmp_path):
    """To open an instance is enough: the events that wait in its home are brought in, and the file is gone."""
    process = os.fork()
    if process == 0:
        line = SpooledCall(None, [make_entry("left", "run")]).to_line()
        SpoolFile.create(tmp_path / FOLDER).append(line)
        os._exit(0)
    os.waitpid(process, 0)
    assert waiting_events(tmp_path) == 1
    (tmp_path / "runrack.yaml").write_text(f"storage: {{postgres: {{postgres_url: {url}}}}}")
    with Instance.from_config(tmp_path) as instance:
        while waiting_events(tmp_path):
            os.sched_yield()
        assert [entry.message for entry in instance.all_logs("run")] == ["left"]
