"""What this package holds does what its interfaces say."""

from runrack_duckdb.conformance import (
    TestDuckdbEventLogStorage,
    TestDuckdbRunStorage,
)

__all__ = [
    "TestDuckdbEventLogStorage",
    "TestDuckdbRunStorage",
]
