"""The tags that runrack itself sets on runs and asset events."""

ROOT_RUN_ID = "runrack/root_run_id"
IS_RESUME_RETRY = "runrack/is_resume_retry"
FAILURE_REASON = "runrack/failure_reason"
BACKFILL = "runrack/backfill"
CODE_LOCATION = "runrack/code_location"
CODE_VERSION = "runrack/code_version"
