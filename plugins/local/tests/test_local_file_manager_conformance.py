"""The local file manager keeps files as every file manager does."""

from runrack_local.conformance import TestLocalFileManager

__all__ = ["TestLocalFileManager"]
