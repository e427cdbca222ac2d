"""The plugin guide names everything that a plugin can plug into."""

from pathlib import Path

import pytest

from runrack import hookspecs
from runrack.host.slots import SLOTS

GUIDE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]


@pytest.mark.parametrize("slot", SLOTS.values(), ids=lambda slot: slot.name)
def test_the_guide_has_a_row_for_every_slot(slot) -> None:
    """The table of slots gives the group of the entry point, the interface, and the key of the configuration."""
    (row,) = (line for line in GUIDE.splitlines() if line.startswith(f"| `runrack.{slot.name}` |"))
    assert slot.interface is None or f"`runrack.interfaces.{slot.name}.{slot.interface}`" in row
    assert slot.yaml_key is None or row.endswith(f"| `{slot.yaml_key}` |")


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_describes_its_arguments(hook: str) -> None:
    """The docstring of a hook says when it is called and what each argument is."""
    specification = getattr(hookspecs, hook)
    arguments = specification.__code__.co_varnames[: specification.__code__.co_argcount]
    assert [argument for argument in arguments if f"{argument}: " not in specification.__doc__] == []
