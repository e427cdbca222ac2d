"""Runs are kept in DuckDB files."""

import os
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
INSTANCE = """
run_storage:
  module: runrack_duckdb.run_storage
  class: DuckdbRunStorage
  config: {base_dir: {env: RUNRACK_HOME}}
event_log_storage:
  module: runrack_duckdb.event_log_storage
  class: DuckdbEventLogStorage
  config: {base_dir: {env: RUNRACK_HOME}}
"""
JOB = """
from runrack import AssetMaterialization, job, op

@op
def count(context):
    context.log_event(AssetMaterialization("birds"))
    return 3

@op
def tell(number: int):
    print(f"{number} birds")

@job
def birds():
    tell(count())
"""


def test_a_run_is_executed_and_looked_at_afterwards(tmp_path):
    """`runrack run` stores a run and its events in the files; commands after it find both."""
    (tmp_path / "runrack.yaml").write_text(INSTANCE)
    (tmp_path / "birds.py").write_text(JOB)

    def runrack(*arguments):
        environment = os.environ | {"RUNRACK_HOME": str(tmp_path), "PYTHONPATH": str(SOURCES)}
        command = [Path(sys.executable).with_name("runrack"), *arguments]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    runrack("run", "birds.py")
    shown = runrack("runs", "show", "last")
    assert "2 succeeded" in shown
    assert "1 materialized" in shown
    assert "Asset birds was materialized." in runrack("events", "last")
    assert {"runs.db", "events.db"} <= {path.name for path in tmp_path.iterdir()}
