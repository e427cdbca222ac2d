"""PluginSet: the plugins that a process works with, to be compared with those of another."""

import hashlib
from collections.abc import Mapping

import msgspec

from runrack.records.record import Record

_ID_LENGTH = 16
_NONE = "nothing"


class PluginSet(Record, frozen=True, tag_field="record", tag="plugin_set/1"):
    """The plugins in use: those that the configuration chooses, and all that listen to hooks.

    Attributes:
        parts: The slot to what fills it, as `package.module:attribute`; for a listener `hooks` and its name.
        versions: The distributions of those plugins, and the core, to their versions.
    """

    parts: Mapping[str, str] = msgspec.field(default_factory=dict)
    versions: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def id(self) -> str:
        """The fingerprint: 16 hexadecimal digits, the same for equal sets in any process."""
        text = msgspec.json.encode([self.parts, self.versions], order="deterministic")
        return hashlib.sha256(text).hexdigest()[:_ID_LENGTH]

    def differences(self, other: "PluginSet", where: str) -> list[str]:
        """Return what is different in another set, a line for each plugin and distribution, sorted; none for equal sets.

        Args:
            other: The other set.
            where: Where that one is, as in `where the run was made`.
        """
        lines = []
        for here, there in ((self.parts, other.parts), (self.versions, other.versions)):
            different = [name for name in sorted({*here, *there}) if here.get(name) != there.get(name)]
            lines += [
                f"{name} {here.get(name, _NONE)} here, {there.get(name, _NONE)} {where}" for name in different
            ]
        return lines

    def shared_with(self, other: "PluginSet") -> "PluginSet":
        """Return this set without what the other one has nothing of."""
        return PluginSet(
            {name: target for name, target in self.parts.items() if name in other.parts},
            {name: version for name, version in self.versions.items() if name in other.versions},
        )
