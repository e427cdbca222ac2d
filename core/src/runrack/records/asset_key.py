"""AssetKey: the name of something that a job produces."""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Union

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.records.record import Record

CoercibleToAssetKey = Union["AssetKey", str, Sequence[str]]

_NOT_A_WORD = re.compile(r"[^a-zA-Z0-9_]+")


class AssetKey(Record, frozen=True):
    """A path of components that names an asset: `AssetKey(["sales", "daily"])`, or `AssetKey("sales")` for one.

    Attributes:
        path: The components, at least one, outermost first. A string is one component, whatever it holds.
    """

    path: tuple[str, ...]

    if TYPE_CHECKING:

        def __init__(self, path: str | Sequence[str]) -> None: ...

    def __post_init__(self) -> None:
        path = (self.path,) if isinstance(self.path, str) else tuple(self.path)
        if not path or not all(isinstance(part, str) and part for part in path):
            raise InvalidArgumentError(
                "an asset key is a string or a sequence of strings, none of them empty"
            )
        msgspec.structs.force_setattr(self, "path", path)

    def to_string(self) -> str:
        """Return the components as the text of a JSON list: how keys are stored, sorted and used as cursors."""
        return json.dumps(self.path, ensure_ascii=False)

    @classmethod
    def from_string(cls, text: str) -> "AssetKey":
        """Return the key whose `to_string` is `text`.

        Raises:
            InvalidArgumentError: `text` is not the text of a JSON list of strings.
        """
        try:
            path = json.loads(text)
        except ValueError:
            path = None
        if not isinstance(path, list):
            raise InvalidArgumentError("the text of an asset key is a JSON list of strings")
        return cls(path)

    def to_user_string(self) -> str:
        """Return the components joined by slashes, for people."""
        return "/".join(self.path)

    @classmethod
    def from_user_string(cls, text: str) -> "AssetKey":
        """Return the key whose components stand between the slashes of `text`."""
        return cls(text.split("/"))

    @classmethod
    def from_coercible(cls, value: CoercibleToAssetKey) -> "AssetKey":
        """Return `value` as a key: a key as it is, a string as one component, a sequence as components."""
        return value if isinstance(value, AssetKey) else cls(value)

    @classmethod
    def from_event_argument(cls, value: CoercibleToAssetKey) -> "AssetKey":
        """Return the key that an asset event given `value` is about.

        A string is split wherever it holds something else than letters, digits and underscores, so that
        `"path/to-file"` names `["path", "to", "file"]`.
        """
        if isinstance(value, str):
            return cls([part for part in _NOT_A_WORD.split(value) if part])
        if value is None:
            raise InvalidArgumentError("an asset event needs an asset_key")
        return cls.from_coercible(value)

    def has_prefix(self, prefix: Sequence[str]) -> bool:
        """Tell whether the key begins with the whole components of `prefix`."""
        return self.path[: len(prefix)] == tuple(prefix)

    def with_prefix(self, prefix: str | Sequence[str]) -> "AssetKey":
        """Return the key below `prefix`."""
        head = (prefix,) if isinstance(prefix, str) else tuple(prefix)
        return AssetKey(head + self.path)
