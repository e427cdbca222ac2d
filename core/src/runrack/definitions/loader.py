"""Loading of the user's Python code: a file or a module, and a name in it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, TypeVar

from runrack.config.problem import nearest
from runrack.config.secret import redact
from runrack.definitions.user_stack import without_framework_frames
from runrack.errors import LoadError, RunrackError

Definition = TypeVar("Definition")

_modules_of_files: dict[str, ModuleType] = {}


def load_module(file: str | None = None, module: str | None = None) -> ModuleType:
    """Return the module of a file, or of a dotted name; a file is loaded once in a process.

    While a file is loaded, and from then on, its folder is on `sys.path`, as it is for `python FILE`.

    Raises:
        LoadError: There is no such file or module, or its code cannot be run; the message has file, line and the user's
            part of the stack.
    """
    if file is not None:
        return _load_file(Path(file).absolute())
    return _load_name(module or "")


def is_loaded_from_file(module: ModuleType) -> bool:
    """Tell whether `load_module` has made the module from a file, so that importing its name may not lead to it."""
    return any(module is loaded for loaded in _modules_of_files.values())


def find_attribute(module: ModuleType, name: str) -> Any:
    """Return what a name stands for at the top level of a module.

    Raises:
        LoadError: The module has no such name.
    """
    if hasattr(module, name):
        return getattr(module, name)
    near = nearest(name, [known for known in vars(module) if not known.startswith("_")])
    hint = f"; did you mean {near!r}?" if near else ""
    raise LoadError(f"{place_of(module)} has nothing named {name!r}{hint}")


def place_of(module: ModuleType) -> str:
    """Return what a person knows a module by: its file, or its name."""
    file = getattr(module, "__file__", None)
    return str(file) if is_loaded_from_file(module) else f"module {module.__name__}"


def definitions_in(module: ModuleType, kind: type[Definition]) -> dict[str, Definition]:
    """Return the definitions of a kind at the top level of a module, by the first name that each is bound to."""
    found: dict[str, Definition] = {}
    for name, value in vars(module).items():
        if isinstance(value, kind) and all(value is not known for known in found.values()):
            found[name] = value
    return found


def _load_file(path: Path) -> ModuleType:
    key = str(path)
    if key in _modules_of_files:
        return _modules_of_files[key]
    if not path.is_file():
        raise LoadError(f"{path}: there is no such file")
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = path.stem if path.stem not in sys.modules else f"job_file_{len(_modules_of_files)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path}: this is no Python file: its name ends with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code raises what it likes
        del sys.modules[name]
        _raise_load_error(key, error)
    _modules_of_files[key] = module
    return module


def _load_name(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise LoadError(
                f"there is no module {name!r}: give a file (jobs.py), or a module that can be imported from here"
            ) from None
        _raise_load_error(name, error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code raises what it likes
        _raise_load_error(name, error)


def _raise_load_error(place: str, error: BaseException) -> NoReturn:
    if isinstance(error, SyntaxError):
        raise LoadError(f"{error.filename}:{error.lineno}: {error.msg}") from None
    trace = without_framework_frames(error.__traceback__)
    frames = traceback.extract_tb(trace)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else place
    what = error.message if isinstance(error, RunrackError) else f"{type(error).__name__}: {error}"
    stack = "".join(traceback.format_list(frames))
    raise LoadError(redact(f"{where}: {what}\n\nwhile loading {place}:\n{stack}".rstrip())) from None
