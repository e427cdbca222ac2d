"""What a look at the installed distributions gives: runrack's entry points, and what is wrong with some.

These classes lie on the way of every start, so they are written out by hand: `typing`, `dataclasses` and
`collections` each take longer to import than reading the whole index, and `__future__` a good part of that.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import override
else:

    def override(method):  # noqa: ANN001, ANN201, D103 - the real one costs the import of `typing`
        return method


GROUP_PREFIX = "runrack."
"""Entry-point groups that concern runrack begin with this; the rest of the group is the slot."""


class _Record:
    """A value: equal when its fields are, and shown with them."""

    __slots__: tuple[str, ...] = ()

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._fields() == other._fields()

    @override
    def __hash__(self) -> int:
        return hash(self._fields())

    @override
    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({shown})"

    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


class EntryPointRecord(_Record):
    """One entry point of one installed distribution, read as metadata: nothing of it was imported.

    Attributes:
        slot: Its group without the prefix: `run_storage`, `hooks`, ….
        name: What users call the plugin.
        value: Where the object lies: `package.module:attribute`.
        distribution: Name of the distribution that declares it.
        version: That distribution's version.
        declared_in: Path of the file that declares it.
        plugin_api: The plugin APIs that the distribution says it was made for; empty when it says nothing.
        slot_api: The versions of the slot's interface that the distribution says it needs, each major and minor; empty
            when it says nothing.
        requested: Whether a person asked for the distribution. False: it came in as a dependency, or the
            installer does not tell.
    """

    __slots__ = (
        "declared_in",
        "distribution",
        "name",
        "plugin_api",
        "requested",
        "slot",
        "slot_api",
        "value",
        "version",
    )

    def __init__(
        self,
        slot: str,
        name: str,
        value: str,
        *,
        distribution: str,
        version: str,
        declared_in: str,
        plugin_api: tuple[int, ...] = (),
        slot_api: "tuple[tuple[int, int], ...]" = (),
        requested: bool = False,
    ) -> None:
        self.slot = slot
        self.name = name
        self.value = value
        self.distribution = distribution
        self.version = version
        self.declared_in = declared_in
        self.plugin_api = plugin_api
        self.slot_api = slot_api
        self.requested = requested

    @property
    def group(self) -> str:
        """The entry-point group as the distribution's file spells it."""
        return GROUP_PREFIX + self.slot


class Diagnostic(_Record):
    """A distribution, or an entry of one, that cannot be read; everything else goes on working.

    Attributes:
        distribution: Name of the distribution, with its version where it is known.
        path: The file or folder at fault.
        reason: What is wrong.
        fix: What to do about it.
        code: The stable code of all of these, for `runrack explain`.
    """

    __slots__ = ("distribution", "fix", "path", "reason")

    code = "RR-P108"

    def __init__(self, distribution: str, path: str, reason: str, fix: str) -> None:
        self.distribution = distribution
        self.path = path
        self.reason = reason
        self.fix = fix


class PluginIndex(_Record):
    """Everything that is installed for runrack.

    Attributes:
        entries: In the order of `sys.path`; of two copies of one distribution only the first counts.
        diagnostics: What could not be read.
    """

    __slots__ = ("diagnostics", "entries")

    def __init__(
        self, entries: "Sequence[EntryPointRecord]" = (), diagnostics: "Sequence[Diagnostic]" = ()
    ) -> None:
        self.entries = tuple(entries)
        self.diagnostics = tuple(diagnostics)
