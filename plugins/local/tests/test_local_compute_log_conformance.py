"""The local compute log manager keeps logs as every compute log manager does."""

from runrack_local.conformance import TestLocalComputeLogManager, TestLocalComputeLogManagerWithoutMirror

__all__ = ["TestLocalComputeLogManager", "TestLocalComputeLogManagerWithoutMirror"]
