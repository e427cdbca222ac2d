"""How the process of a code location opens the instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runrack.errors import InvariantViolationError
from runrack.interfaces.part import InstanceServices


def address_of(instance: InstanceServices) -> Mapping[str, Any] | None:
    """Return what opens the instance in another process; None when it cannot be opened there."""
    try:
        return instance.get_ref().to_dict()
    except InvariantViolationError:
        return None
