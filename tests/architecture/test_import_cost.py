"""What `import runrack` costs: the standard library, and nothing else."""

import json
import subprocess
import sys

import pytest

REPORT_NEW_MODULES = """
import json, sys
before = set(sys.modules)
{statement}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_loaded_by(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter loads for one statement."""
    script = REPORT_NEW_MODULES.format(statement=statement)
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    return {name.partition(".")[0] for name in json.loads(output)}


def test_importing_runrack_loads_no_third_party_module() -> None:
    """`import runrack` loads the standard library and itself."""
    assert modules_loaded_by("import runrack") - sys.stdlib_module_names == {"runrack"}


@pytest.mark.parametrize("heavy", ["sqlalchemy", "alembic", "jsonschema", "rich", "pytest", "hypothesis"])
def test_the_public_names_load_nothing_heavy(heavy: str) -> None:
    """Defining a job needs no database library, no schema validator and no terminal library."""
    assert heavy not in modules_loaded_by("from runrack import job, op, resource")
