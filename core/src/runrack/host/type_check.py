"""Whether a loaded object is what its slot wants, and if not, where it belongs."""

from __future__ import annotations

from runrack.errors import with_article
from runrack.host.loading import LoadFault, TargetError
from runrack.host.slots import SLOTS, Slot


def check_class(found: object, expected: type) -> type:
    """Return `found` when it is a finished class that derives from `expected`.

    Raises:
        TargetError: It is no class, derives from something else, or leaves methods abstract.
    """
    label = getattr(found, "__qualname__", None) or repr(type(found).__name__)
    if not isinstance(found, type):
        raise TargetError(
            f"{label} is no class, where {with_article(expected.__name__)} is wanted",
            "name the class",
            LoadFault.NO_CLASS,
        )
    if not issubclass(found, expected):
        raise _wrong_class(found, expected)
    unwritten = sorted(getattr(found, "__abstractmethods__", ()))
    if unwritten:
        reason = f"{label} leaves methods of {expected.__name__} unwritten: {', '.join(unwritten)}"
        raise TargetError(
            reason, "implement them, or install a version of the plugin that does", LoadFault.UNFINISHED_CLASS
        )
    return found


def check_instance(found: object, expected: type) -> object:
    """Return `found` when it is an instance of `expected`.

    Raises:
        TargetError: It is something else.
    """
    if isinstance(found, expected):
        return found
    kind = (
        f"the class {found.__qualname__}" if isinstance(found, type) else with_article(type(found).__name__)
    )
    raise TargetError(
        f"the object is {kind}, where {with_article(expected.__name__)} is wanted",
        f"name {with_article(expected.__name__)}",
        LoadFault.WRONG_OBJECT,
    )


def _wrong_class(found: type, expected: type) -> TargetError:
    interfaces = {slot.load_interface(): slot for slot in SLOTS.values()}
    for interface, slot in interfaces.items():
        if interface is not None and expected in interfaces and issubclass(found, interface):
            return TargetError(
                f"{found.__qualname__} is {_with_article(interface)}, not {_with_article(expected)}",
                _put_it_elsewhere(slot),
                LoadFault.WRONG_CLASS,
            )
    reason = f"{found.__qualname__} does not derive from {expected.__module__}.{expected.__name__}"
    return TargetError(reason, f"name a class that derives from {expected.__name__}", LoadFault.WRONG_CLASS)


def _put_it_elsewhere(slot: Slot) -> str:
    if slot.yaml_key is not None:
        return f"put it under `{slot.yaml_key}:`"
    return f"declare it in the entry-point group runrack.{slot.name}"


def _with_article(interface: type) -> str:
    article = "an" if interface.__name__[0] in "AEIOU" else "a"
    return f"{article} {interface.__name__}"
