"""Configuration as it may be shown: references as they stand, what looks like a literal secret as `***`.

A secret belongs behind a reference (`{env: NAME}`, `{file: PATH}`), which is shown. One that was written into the file all the
same is recognised by what its plugin's schema says, by the name of its key, or as the password of a URL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from runrack.config.reference import parse_reference
from runrack.config.secret import MASK, mask_url_passwords, redact
from runrack.config.secret_path import ANY, SecretPath, below
from runrack.errors import PluginError
from runrack.host.manifest import read_manifest, top_level_package

_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?$|pwd$|secret|token|credential|(api|access|private)_?key", re.IGNORECASE
)


def masked(value: Any, key: str = "", secrets: Sequence[SecretPath] = ()) -> Any:
    """Return plain data with everything in it that is or looks like a secret replaced.

    Args:
        value: Plain data: dict, list, str, int, float, bool, None.
        key: The name under which it stands.
        secrets: Where in it there are secrets whatever their names.
    """
    is_secret = () in secrets or _SECRET_KEY.search(key) is not None
    if parse_reference(value) is not None:
        return _without_default(value) if is_secret else value
    if isinstance(value, dict):
        return {name: masked(item, str(name), _inside(secrets, str(name))) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, key, _inside(secrets, ANY)) for item in value]
    if is_secret and isinstance(value, str | int | float) and not isinstance(value, bool):
        return MASK
    return redact(mask_url_passwords(value)) if isinstance(value, str) else value


def masked_part(part: Any) -> Any:
    """Return the long form of a part (`module`, `class`, `config`) masked, as the manifest of its package says.

    No plugin is imported. Of one without a manifest, secrets are recognised by their names alone.
    """
    match part:
        case {"module": str(module), "class": str(class_name), "config": config}:
            return {**masked(part), "config": masked(config, "", _secrets_of(f"{module}:{class_name}"))}
    return masked(part)


def _secrets_of(target: str) -> Sequence[SecretPath]:
    try:
        manifest = read_manifest(top_level_package(target))
    except PluginError:
        return ()
    plugins = () if manifest is None else manifest.plugins
    return [path for entry in plugins if entry.target == target for path in entry.secret_paths]


def _inside(secrets: Sequence[SecretPath], part: str) -> Sequence[SecretPath]:
    """Return where secrets are in a part of something; all that a secret holds is one."""
    return [()] if () in secrets else below(secrets, part)


def _without_default(reference: dict[str, Any]) -> dict[str, Any]:
    return {name: MASK if name == "default" else value for name, value in reference.items()}
