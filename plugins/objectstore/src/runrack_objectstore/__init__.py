"""Object stores: files that ops write, kept where every machine can read them.

The names below are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runrack_objectstore.s3 import S3FileHandle, S3FileManager
    from runrack_objectstore.s3_resource import s3_file_manager

_MODULE_OF = {
    "S3FileHandle": "s3",
    "S3FileManager": "s3",
    "s3_file_manager": "s3_resource",
}

__all__ = [
    "S3FileHandle",
    "S3FileManager",
    "s3_file_manager",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
