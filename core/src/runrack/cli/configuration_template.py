"""The runrack.yaml that `runrack init` writes: every slot and every setting, commented out, with its default."""

from __future__ import annotations

import json
from pathlib import Path

_HOME = "HOME_FOLDER"
_LOGS = "LOGS_FOLDER"


def configuration_template(home: Path) -> str:
    """Return the text of the file for this home. JSON is YAML, too, so any path is quoted right."""
    return _TEMPLATE.replace(_HOME, json.dumps(str(home))).replace(
        _LOGS, json.dumps(str(home / "compute_logs"))
    )


_TEMPLATE = """\
# The configuration of this instance of runrack. Everything is optional: what is commented out shows the default.
# `runrack config check` says what is wrong with this file, `runrack plugins list` what can be named in it.
#
# A slot takes the name of an installed plugin with its configuration, as below, or a class:
#   storage: {module: my_package, class: MyStorage, config: {…}}
# Keep secrets outside: a value may be {env: NAME} or {file: PATH}.

# Runs, events and schedules.
# storage:
#   sqlite:
#     base_dir: HOME_FOLDER

# The captured output of steps.
# compute_logs:
#   local:
#     base_dir: LOGS_FOLDER

# Everything else that is kept on this machine.
# local_artifact_storage:
#   local:
#     base_dir: HOME_FOLDER

# What happens to a run that is submitted, and where it is started.
# run_coordinator: default
# run_launcher: default

# Where the code of jobs, schedules and sensors is loaded from, such as `- python_file: {path: jobs.py}`.
# workspace: []

# Which distributions may take part: `all` that are installed, or only those `listed` under allow. Globs such as acme-*.
# plugins:
#   mode: all
#   allow: []
#   block: []

# What of Python's logging becomes part of a run's log.
# python_logs:
#   python_log_level: DEBUG
#   managed_python_loggers: []

# How long a run may stay in each state before a daemon ends it.
# run_monitoring:
#   enabled: true
#   start_timeout_seconds: 180
#   cancel_timeout_seconds: 180
#   max_runtime_seconds: 0
#   max_resume_run_attempts: 0
#   poll_interval_seconds: 15

# Whether a daemon runs failed runs again.
# run_retries:
#   enabled: false
#   max_retries: 0
#   retry_on_asset_or_op_failure: true

# How the daemon watches over its own loops.
# daemon:
#   heartbeat_interval_seconds: 15
#   stuck_after_seconds: 300
#   exit_after_seconds: 1800
#   stop_timeout_seconds: 25
#   required_loops: []

# After how many days old events and ticks are removed by `runrack storage prune`; -1 keeps them.
# retention:
#   events: {debug_messages: 7, info_messages: -1}
#   sensor: {purge_after_days: {skipped: 7}}
"""
