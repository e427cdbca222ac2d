"""`slow`: a part that answers late, for tests of what waits for it."""

import functools
import time
from collections.abc import Callable
from typing import Any, TypeVar

from runrack.interfaces.part import InstancePart

PartT = TypeVar("PartT", bound=InstancePart)

_AT_ONCE = frozenset({"register_instance", "has_instance", "instance", "inst_data", "dispose"})
"""What every part has, and what no test waits for."""


def slow(part: PartT, seconds: float, sleep: Callable[[float], object] = time.sleep) -> PartT:
    """Return a part of the same class that waits before each call, then does what `part` does.

    Its own parts, such as the run storage of a storage, are slow as well. It shares everything with `part`, which stays as quick
    as it was.

    Args:
        part: The part.
        seconds: How long each call of a public method waits.
        sleep: What waits; a test can give something that counts instead.
    """
    members: dict[str, Any] = {
        name: property(functools.partial(_late, part, name, seconds, sleep))
        for name in dir(type(part))
        if not name.startswith("_")
    }
    late_class = type(f"Slow{type(part).__name__}", (type(part),), members)
    late: PartT = object.__new__(late_class)
    return late


def _late(
    part: InstancePart, name: str, seconds: float, sleep: Callable[[float], object], _late_part: object
) -> Any:
    """Return a member of the part: late where it is called, and slow itself where it is a part."""
    found = getattr(part, name)
    if name in _AT_ONCE or not (callable(found) or isinstance(found, InstancePart)):
        return found
    if isinstance(found, InstancePart):
        return slow(found, seconds, sleep)

    @functools.wraps(found)
    def call(*args: Any, **kwargs: Any) -> Any:
        sleep(seconds)
        return found(*args, **kwargs)

    return call
