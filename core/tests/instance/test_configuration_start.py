"""What it takes to start with a configuration that has nothing wrong."""

import os
import subprocess
import sys
from pathlib import Path

CONFIGURATION = """\
storage: {sqlite: {base_dir: {env: RUNRACK_HOME}}}
run_coordinator: {queued: {max_concurrent_runs: 5, tag_concurrency_limits: [{key: team, limit: 4}]}}
retention: {events: {debug_messages: 7}}
python_logs: {python_log_level: INFO}
"""

START = """
import sys
from runrack import Instance

with Instance.get() as instance:
    instance.get_runs(limit=1)
    instance.run_coordinator
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_valid_configuration_needs_no_validator(tmp_path: Path):
    """Opening an instance and its parts imports no jsonschema, the first time as little as later: it only explains mistakes."""
    (tmp_path / "runrack.yaml").write_text(CONFIGURATION)
    environment = {**os.environ, "RUNRACK_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", START], env=environment, check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert {"runrack", "ruamel", "runrack_sqlite", "runrack_queue"} <= loaded
    assert not loaded & {"jsonschema", "referencing", "rpds", "jsonschema_specifications", "runrack_local"}
