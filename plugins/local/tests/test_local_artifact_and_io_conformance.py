"""The local artifact storage and the local IO manager do what every one does."""

from runrack_local.conformance import TestLocalArtifactStorage, TestLocalIOManager

__all__ = ["TestLocalArtifactStorage", "TestLocalIOManager"]
