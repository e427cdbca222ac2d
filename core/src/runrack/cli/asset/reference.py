"""Which asset a person means: its key with slashes between the parts, or the JSON list of the parts."""

from __future__ import annotations

from runrack.cli.output.display import escape_line
from runrack.config.problem import nearest
from runrack.errors import NotFoundError
from runrack.instance.instance import Instance
from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import AssetEntry

_MAX_CANDIDATES = 1000


def asset_key_of(text: str) -> AssetKey:
    """Return the key that a text means.

    Raises:
        InvalidArgumentError: It is the text of no key.
    """
    return AssetKey.from_string(text) if text.startswith("[") else AssetKey.from_user_string(text)


def find_asset(instance: Instance, text: str) -> AssetEntry:
    """Return the latest state of the asset that a text means.

    Raises:
        InvalidArgumentError: It is the text of no key.
        NotFoundError: The instance knows no such asset; the nearest one is named.
    """
    records = instance.get_asset_records([asset_key_of(text)])
    if records:
        return records[0].asset_entry
    known = [key.to_user_string() for key in instance.get_asset_keys(limit=_MAX_CANDIDATES)]
    near = nearest(text, known)
    hint = f"did you mean {near!r}?" if near else "`runrack asset list` lists those that are known"
    raise NotFoundError(
        f"no asset with key {escape_line(text)!r} was materialized, observed or planned; {hint}"
    )
