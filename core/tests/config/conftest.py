"""A schema that resembles the one of runrack.yaml, for the tests of the configuration."""

from __future__ import annotations

import pytest

from runrack.config.vocabulary import (
    Array,
    Enum,
    Field,
    IntSource,
    Noneable,
    Permissive,
    Selector,
    Shape,
    StringSource,
    Union,
)

_TAG_LIMIT = {
    "key": str,
    "value": Field(Union(str, {"applyLimitPerUniqueValue": bool}), is_required=False),
    "limit": int,
}
_QUEUE = {
    "max_concurrent_runs": Field(IntSource, default_value=10),
    "tag_concurrency_limits": Field(Noneable(Array(_TAG_LIMIT)), default_value=[]),
    "dequeue_interval_seconds": Field(IntSource, default_value=5),
}
_POSTGRES_DB = {
    "username": StringSource,
    "password": StringSource,
    "hostname": StringSource,
    "db_name": StringSource,
    "port": Field(IntSource, default_value=5432),
    "params": Field(Permissive(), default_value={}),
}


@pytest.fixture(scope="session")
def schema() -> Shape:
    return Shape(
        {
            "storage": Field(
                Selector(
                    {
                        "sqlite": {"base_dir": Field(StringSource, is_secret=False)},
                        "postgres": Selector({"postgres_url": StringSource, "postgres_db": _POSTGRES_DB}),
                    }
                ),
                is_required=False,
            ),
            "run_coordinator": Field({"module": str, "class": str, "config": _QUEUE}, is_required=False),
            "compute_logs": Field({"module": str, "class": str, "config": Permissive()}, is_required=False),
            "run_monitoring": Field(
                {
                    "enabled": Field(bool, default_value=False),
                    "start_timeout_seconds": Field(int, default_value=180),
                    "poll_interval_seconds": Field(int, default_value=120),
                },
                is_required=False,
            ),
            "python_logs": Field(
                {
                    "managed_python_loggers": Field([str], default_value=[]),
                    "python_log_level": Field(
                        Enum("LogLevel", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]), is_required=False
                    ),
                },
                is_required=False,
            ),
        }
    )
