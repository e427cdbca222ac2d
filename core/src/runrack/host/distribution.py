"""What the metadata of an installed distribution says; read only to explain why one of its plugins fails."""

import re

_REQUIREMENT = re.compile(r"\s*(?P<name>[A-Za-z0-9][\w.-]*)")
_SPECIFIER = re.compile(r"\s*[\w.-]+\s*(\[[^\]]*\])?\s*\(?(?P<versions>[^;)]*)")
_EXTRA = re.compile(r"""extra\s*==\s*["'](?P<extra>[^"']+)["']""")


def canonical_name(distribution: str) -> str:
    """Return a distribution's name in the form in which equal names are equal strings."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def find_extra(distribution: str, required: str) -> str | None:
    """Return the extra of `distribution` that would bring in `required`, or None when no extra does."""
    for requirement in _read_metadata(distribution, "Requires-Dist"):
        name = _REQUIREMENT.match(requirement)
        extra = _EXTRA.search(requirement)
        if name and extra and canonical_name(name["name"]) == canonical_name(required):
            return extra["extra"]
    return None


def find_requirement(distribution: str, required: str) -> str:
    """Return the versions of `required` that `distribution` says it needs, as in `>=1.2,<2`; empty when it does not say."""
    for requirement in _read_metadata(distribution, "Requires-Dist"):
        name, specifier = _REQUIREMENT.match(requirement), _SPECIFIER.match(requirement)
        if name and specifier and canonical_name(name["name"]) == canonical_name(required):
            return "".join(specifier["versions"].split())
    return ""


def find_required_python(distribution: str) -> str | None:
    """Return the versions of Python that `distribution` says it needs, or None when it does not say."""
    return next(iter(_read_metadata(distribution, "Requires-Python")), None)


def _read_metadata(distribution: str, key: str) -> list[str]:
    import importlib_metadata

    try:
        return importlib_metadata.metadata(distribution).get_all(key) or []
    except Exception:  # noqa: BLE001 - damaged metadata must not hide the error that is being explained
        return []
