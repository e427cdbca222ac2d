"""Modules stay small, singular and named after one idea."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path for folder in [ROOT / "core" / "src", *ROOT.glob("plugins/*/src")] for path in folder.rglob("*.py")
)

MAX_LINES = 500
LONGER_FOR_A_REASON: dict[str, str] = {}
"""Modules above the limit, and why splitting one would be worse for a reader."""

NAMES_WITHOUT_AN_IDEA = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "base"}


def lines(module: Path) -> int:
    """How many lines a module has."""
    return len(module.read_text().splitlines())


def test_a_module_fits_in_a_readers_head() -> None:
    """A module has at most 500 lines, or stands in the list with its reason; the list holds nothing stale."""
    too_long = {str(path.relative_to(ROOT)): lines(path) for path in MODULES if lines(path) > MAX_LINES}
    assert too_long.keys() == LONGER_FOR_A_REASON.keys(), too_long


def test_a_module_is_named_after_what_it_holds() -> None:
    """No module is a drawer for things that belong elsewhere."""
    assert [path for path in MODULES if path.stem.strip("_") in NAMES_WITHOUT_AN_IDEA] == []


def test_every_module_says_what_it_is_for() -> None:
    """A module with code starts with a docstring."""
    silent = [
        path for path in MODULES if path.read_text() and not path.read_text().startswith(('"""', 'r"""'))
    ]
    assert silent == []
