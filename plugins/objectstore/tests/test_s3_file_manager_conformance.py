"""The S3 file manager keeps files as every file manager does."""

from runrack_objectstore.conformance import TestS3FileManager

__all__ = ["TestS3FileManager"]
