"""The example of a folder that is watched, with the commands of its page and one round of a daemon."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "inbox"


def test_each_file_gets_one_run(tmp_path):
    """A file in the folder gets a run, and no second one in the next round."""
    shutil.copytree(EXAMPLE, tmp_path / "example")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.txt").write_text("to be or not to be")
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "RUNRACK_HOME": str(home), "INBOX": str(inbox), "NO_COLOR": "1"}

    def runrack(*arguments):
        command = [Path(sys.executable).parent / "runrack", *arguments]
        done = subprocess.run(
            command,
            cwd=tmp_path / "example",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    choice = ("-w", "workspace.yaml")
    assert "a.txt" in runrack("sensor", "test", "new_files", *choice)
    assert runrack("schedule", "preview", "each_morning", "-n", "1", *choice).count("06:30:00") == 1
    runrack("sensor", "start", "new_files", *choice)
    for _ in range(2):
        runrack("daemon", "run", "--once", *choice)
    ticks = runrack("sensor", "ticks", "new_files", *choice)
    assert ticks.count("SUCCESS") == 1
    assert runrack("runs", "list").count("file=a.txt") == 1
