"""What `runrack plugins new` can make: the choices of the template's questions."""

KINDS = (
    "storage",
    "run_storage",
    "event_log_storage",
    "schedule_storage",
    "compute_log_manager",
    "file_manager",
    "artifact_storage",
    "io_manager",
    "run_coordinator",
    "run_launcher",
    "scheduler",
    "executor",
    "hooks",
)
"""The slots for which the template has a plugin."""

LICENCES = ("Apache-2.0", "MIT", "BSD-3-Clause", "proprietary")

CI_FILES = ("github", "none")
