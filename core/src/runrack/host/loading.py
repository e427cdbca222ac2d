"""Loading: imports an object that a plugin names, and when that fails says which of the many reasons it is."""

from __future__ import annotations

import importlib
import sys
from enum import StrEnum
from typing import NamedTuple

from runrack.errors import RunrackError
from runrack.host.distribution import find_extra, find_required_python

_MAX_QUOTED = 200
"""Characters of somebody else's error message that are repeated."""

_MISSING = object()


class LoadFault(StrEnum):
    """The stable code of each reason why an object cannot be had: `runrack explain RR-P201` prints the page about it."""

    MODULE_MISSING = "RR-P201"
    DEPENDENCY_MISSING = "RR-P202"
    IMPORT_FAILED = "RR-P203"
    SYNTAX = "RR-P204"
    EXITED = "RR-P205"
    RAISED = "RR-P206"
    ATTRIBUTE_MISSING = "RR-P207"
    NO_CLASS = "RR-P208"
    WRONG_CLASS = "RR-P209"
    UNFINISHED_CLASS = "RR-P210"
    WRONG_OBJECT = "RR-P211"


class TargetError(RunrackError):
    """A plugin's object cannot be had. The host turns this into a `PluginLoadError` that names the plugin.

    Attributes:
        reason: What is wrong, in one line.
        fix: What to do about it.
        code: Which reason it is.
    """

    def __init__(self, reason: str, fix: str, fault: LoadFault) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix
        self.code = fault


class Target(NamedTuple):
    """An object to import, and who says that it exists.

    Attributes:
        module: Dotted name of the module.
        attribute: Dotted name of the object in the module; empty for the module itself.
        distribution: The distribution whose entry point names it; None when `module:` and `class:` of
            the operator's own file do.
    """

    module: str
    attribute: str
    distribution: str | None = None

    @classmethod
    def from_value(cls, value: str, distribution: str | None = None) -> Target:
        """Return the target of an entry point's value, `module:attribute`."""
        module, _, attribute = value.partition(":")
        return cls(module.strip(), attribute.strip(), distribution)


def load_target(target: Target) -> object:
    """Import the target's module and return the object that it names.

    Raises:
        TargetError: The module or the object is missing, or the import failed; its cause is the original error.
            Also for `sys.exit()` during the import, but not for `KeyboardInterrupt`.
    """
    try:
        return _import(target)
    except TargetError:
        raise
    except ModuleNotFoundError as error:
        raise _missing_module(target, error) from error
    except ImportError as error:
        raise _failed_import(target, error) from error
    except SyntaxError as error:
        raise _syntax_error(target, error) from error
    except SystemExit as error:
        reason = f"module {target.module!r} called sys.exit() while it was imported (SystemExit)"
        raise TargetError(reason, _report_to_author(target), LoadFault.EXITED) from error
    except Exception as error:
        reason = f"module {target.module!r} raised while it was imported: {_quote(error)}"
        raise TargetError(reason, _report_to_author(target), LoadFault.RAISED) from error


def _import(target: Target) -> object:
    found: object = importlib.import_module(target.module)
    for name in filter(None, target.attribute.split(".")):
        owner, found = found, getattr(found, name, _MISSING)
        if found is _MISSING:
            raise _missing_attribute(target, owner, name)
    return found


def _missing_module(target: Target, error: ModuleNotFoundError) -> TargetError:
    missing = error.name or ""
    is_target = missing != "" and f"{target.module}.".startswith(f"{missing}.")
    if not is_target:
        return _missing_dependency(target, missing, error)
    if target.distribution is not None:
        return TargetError(
            f"the distribution is installed but its module {missing!r} does not exist (ModuleNotFoundError)",
            f"pip install --force-reinstall {target.distribution}",
            LoadFault.MODULE_MISSING,
        )
    parent, _, name = missing.rpartition(".")
    if not parent:
        return TargetError(
            f"no module named {missing!r} is installed (ModuleNotFoundError)",
            "install the distribution that provides it, or correct `module:`",
            LoadFault.MODULE_MISSING,
        )
    near = _nearest(name, _submodule_names(parent))
    hint = f": did you mean {parent}.{near}?" if near else ""
    reason = f"package {parent!r} has no module {name!r} (ModuleNotFoundError)"
    return TargetError(reason, f"correct `module:`{hint}", LoadFault.MODULE_MISSING)


def _missing_dependency(target: Target, missing: str, error: ModuleNotFoundError) -> TargetError:
    package, _, submodule = missing.partition(".")
    if not missing or (submodule and package in sys.modules):
        return _failed_import(target, error)
    extra = target.distribution and find_extra(target.distribution, package)
    wanted = f"'{target.distribution}[{extra}]'" if extra else package
    subject = "the distribution" if target.distribution is not None else f"module {target.module!r}"
    return TargetError(
        f"{subject} is installed but its dependency {package!r} is missing (ModuleNotFoundError)",
        f"pip install {wanted}",
        LoadFault.DEPENDENCY_MISSING,
    )


def _failed_import(target: Target, error: ImportError) -> TargetError:
    return TargetError(
        f"module {target.module!r} cannot import what it needs: {_quote(error)}",
        "install versions that fit together: pip check names those that do not",
        LoadFault.IMPORT_FAILED,
    )


def _syntax_error(target: Target, error: SyntaxError) -> TargetError:
    version = ".".join(str(part) for part in sys.version_info[:3])
    required = target.distribution and find_required_python(target.distribution)
    needs = f"; the distribution needs Python {required}" if required else ""
    reason = f"{error.filename}:{error.lineno} is not valid in Python {version} (SyntaxError){needs}"
    return TargetError(reason, f"use a Python that fits, or: {_report_to_author(target)}", LoadFault.SYNTAX)


def _missing_attribute(target: Target, owner: object, name: str) -> TargetError:
    where = getattr(owner, "__qualname__", None) or getattr(owner, "__name__", target.module)
    near = _nearest(name, [found for found in dir(owner) if not found.startswith("_")])
    hint = f"; did you mean {near!r}?" if near else ""
    fix = "correct `class:`" if target.distribution is None else _report_to_author(target)
    return TargetError(
        f"{where!r} has no attribute {name!r} (AttributeError){hint}", fix, LoadFault.ATTRIBUTE_MISSING
    )


def _report_to_author(target: Target) -> str:
    if target.distribution is None:
        return f"correct {target.module!r}"
    return f"pip install --upgrade {target.distribution}, or report it to its author"


def _quote(error: BaseException) -> str:
    """Give another's error in one short line in which no secret that runrack knows can be read."""
    from runrack.config.secret import redact

    text = " ".join(redact(str(error)).split())
    shown = text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__


def _nearest(name: str, candidates: list[str]) -> str | None:
    from runrack.config.problem import nearest

    return nearest(name, candidates)


def _submodule_names(package: str) -> list[str]:
    import pkgutil

    return [found.name for found in pkgutil.iter_modules(importlib.import_module(package).__path__)]
