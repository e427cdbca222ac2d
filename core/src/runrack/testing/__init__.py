"""The conformance kit, and fakes for tests; nothing of runrack imports it."""
