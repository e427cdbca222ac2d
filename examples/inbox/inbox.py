"""Counts the words of each file that comes into a folder, and reports every morning."""

import os
from collections import Counter
from pathlib import Path

from runrack import OpExecutionContext, RunRequest, SkipReason, job, op, schedule, sensor

INBOX = Path(os.environ.get("INBOX", "inbox"))


@op(config_schema={"file": str})
def count_words(context: OpExecutionContext) -> None:
    """Log the five words that a file has most often."""
    text = Path(context.op_config["file"]).read_text(encoding="utf-8")
    for word, count in Counter(text.lower().split()).most_common(5):
        context.log.info(f"{word}: {count}")


@op
def count_files(context: OpExecutionContext) -> None:
    """Log how many files there are."""
    context.log.info(f"{len(list(INBOX.glob('*.txt')))} files so far")


@job
def words() -> None:
    """Count the words of one file."""
    count_words()


@job
def report() -> None:
    """Report on the folder."""
    count_files()


@sensor(job=words, minimum_interval_seconds=10)
def new_files() -> list[RunRequest] | SkipReason:
    """Ask for one run of each file, ever: its name is the run key."""
    files = sorted(INBOX.glob("*.txt"))
    if not files:
        return SkipReason(f"{INBOX} has no files")
    return [
        RunRequest(
            run_key=file.name,
            run_config={"ops": {"count_words": {"config": {"file": str(file)}}}},
            tags={"file": file.name},
        )
        for file in files
    ]


@schedule("30 6 * * mon-fri", job=report, execution_timezone="Europe/Zurich")
def each_morning() -> RunRequest:
    """Report at half past six on each working day."""
    return RunRequest()
