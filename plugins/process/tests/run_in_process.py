"""Runs a job in this process, so that a test can interrupt or kill it: HOME JOB RUN_ID RUN_CONFIG."""

import json
import sys
from pathlib import Path

from runrack.definitions.job_target import load_job_target
from runrack.engine import execute_job
from runrack.errors import ExecutionInterruptedError
from runrack.instance.instance import Instance

home, name, run_id, run_config = sys.argv[1:]
target = load_job_target(f"{Path(__file__).parent / 'multiprocess_jobs.py'}:{name}")
with Instance.from_config(home) as instance:
    try:
        execute_job(target, instance, json.loads(run_config), run_id=run_id)
    except ExecutionInterruptedError:
        sys.exit(130)
