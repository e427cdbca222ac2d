"""The names of the levels that a log message may have."""

PYTHON_LOGGING_LEVELS_NAMES = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
"""The levels of Python's logging, the most severe first."""
