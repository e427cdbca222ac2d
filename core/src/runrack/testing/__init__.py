"""The conformance kit, and fakes for tests; nothing of runrack imports it. It needs the extra `runrack-core[testing]`."""

import pytest

# Before any suite is imported: so that a failing assert of a suite shows the values that it compared.
pytest.register_assert_rewrite("runrack.testing.conformance")
