"""The suites for compute log managers and file managers find out what is wrong."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

WRONG = Path(__file__).with_name("wrong_log_and_file_managers.py")


def test_every_wrong_manager_is_rejected(tmp_path):
    """Each implementation that is wrong in one way fails its suite somewhere, and passes it elsewhere."""
    report = tmp_path / "report.xml"
    options = ["-q", "--tb=no", "--timeout=3", "-p", "no:cacheprovider", "-k", "not any_text"]
    subprocess.run(
        [sys.executable, "-m", "pytest", str(WRONG), *options, f"--junit-xml={report}"],
        check=False,
        capture_output=True,
    )
    passed, failed = Counter(), Counter()
    for case in ET.parse(report).iter("testcase"):
        (passed if case.find("failure") is None else failed)[case.get("classname").rpartition(".")[2]] += 1
    assert len(failed) == 16 + 16  # compute log managers, file managers
    assert failed.keys() == passed.keys()
