"""Big files cost no memory."""

import json
import subprocess
import sys
from pathlib import Path

MIBS = 128
BOUND = 64 << 20
"""A few parts of 8 MiB, each held by Python and by the driver; half the file."""


def test_a_big_file_moves_in_bounded_memory(s3_server, bucket):
    """Written, read and copied, a file is the same, and memory grows by a few parts, not by the file."""
    settings = {
        "bucket": bucket,
        "endpoint_url": s3_server.url,
        "use_ssl": False,
        "access_key_id": "any",
        "secret_access_key": "any-secret",
    }
    script = Path(__file__).with_name("move_big_file.py")
    command = [sys.executable, str(script), str(MIBS), json.dumps(settings)]
    cost = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert cost["written"] == cost["read"] == cost["copied"]
    assert cost["grown"] < BOUND
