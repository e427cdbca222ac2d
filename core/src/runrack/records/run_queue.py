"""How many runs a queue lets be in progress at once, and who has to wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.records.record import Record


class TagLimit(Record, frozen=True):
    """How many runs with a tag may be in progress at once.

    Attributes:
        key: The key of the tag.
        limit: How many; 0 lets none go.
        value: Only runs with this value are counted, and wait; None for all that carry the key.
        is_per_value: Each value of the key is counted, and waits, by itself.
        reason: Why there is this limit, when it does not come from the configuration.
    """

    key: str
    limit: int
    value: str | None = None
    is_per_value: bool = False
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise InvalidArgumentError(f"the limit of runs with the tag {self.key!r} is 0 or more")
        if self.value is not None and self.is_per_value:
            raise InvalidArgumentError(
                f"a limit of the tag {self.key!r} is for one value or for each, not both"
            )

    def concerns(self, tags: Mapping[str, str]) -> bool:
        """Tell whether a run with these tags is counted."""
        return self.key in tags and self.value in {None, tags[self.key]}


class QueueLimits(Record, frozen=True):
    """What has to hold for the runs in progress, at every moment.

    Attributes:
        max_runs: How many there may be; None for any number.
        tag_limits: All of them have to hold.
    """

    max_runs: int | None = None
    tag_limits: tuple[TagLimit, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether there is anything that could keep a run waiting."""
        return self.max_runs is not None or bool(self.tag_limits)

    @property
    def keys(self) -> Collection[str]:
        """The keys of the tags that have a limit, each once."""
        return dict.fromkeys(each.key for each in self.tag_limits)


class RunsInProgress(Record, frozen=True):
    """How many runs a worker has, or is about to get: STARTING, STARTED, CANCELING, or QUEUED and claimed.

    Attributes:
        total: How many there are.
        by_tag: Key of a tag to its value to how many runs carry it; only keys that were asked for.
    """

    total: int = 0
    by_tag: Mapping[str, Mapping[str, int]] = msgspec.field(default_factory=dict)

    def has_less_than(self, before: RunsInProgress) -> bool:
        """Tell whether there are fewer than there were, in all or with one of the tags that were counted then."""
        return self.total < before.total or any(
            self.by_tag.get(key, {}).get(value, 0) < count
            for key, counts in before.by_tag.items()
            for value, count in counts.items()
        )


class QueueGate:
    """Lets runs go as long as the limits hold. It counts those that it lets go.

    Args:
        limits: What has to hold.
        in_progress: How it stands, with the tags of all `limits.keys`.
    """

    def __init__(self, limits: QueueLimits, in_progress: RunsInProgress) -> None:
        self._limits = limits
        self._total = in_progress.total
        self._by_tag = {key: Counter(in_progress.by_tag.get(key, {})) for key in limits.keys}

    @property
    def has_room(self) -> bool:
        """Whether one more run may be in progress, whatever its tags are."""
        return self._limits.max_runs is None or self._total < self._limits.max_runs

    def find_full(self, tags: Mapping[str, str]) -> TagLimit | None:
        """Return the first limit that keeps a run with these tags waiting; None when there is none."""
        return next((each for each in self._limits.tag_limits if self._is_full_for(each, tags)), None)

    def admit(self, tags: Mapping[str, str]) -> bool:
        """Let a run with these tags go, if the limits still hold then, and tell whether they do."""
        if not self.has_room or self.find_full(tags) is not None:
            return False
        self._total += 1
        for key, counts in self._by_tag.items():
            if key in tags:
                counts[tags[key]] += 1
        return True

    def iter_full_keys(self) -> Iterator[str]:
        """Yield the keys of tags that no run that is let go may carry, whatever the value is."""
        for each in self._limits.tag_limits:
            if each.value is None and (
                each.limit == 0 or (not each.is_per_value and self._count(each, None) >= each.limit)
            ):
                yield each.key

    def iter_full_tags(self) -> Iterator[tuple[str, str]]:
        """Yield the tags, as pairs of key and value, that no run that is let go may carry."""
        for each in self._limits.tag_limits:
            if each.value is not None:
                values: Collection[str] = [each.value]
            else:
                values = self._by_tag[each.key] if each.is_per_value else []
            yield from ((each.key, value) for value in values if self._count(each, value) >= each.limit)

    def _is_full_for(self, limit: TagLimit, tags: Mapping[str, str]) -> bool:
        return limit.concerns(tags) and self._count(limit, tags[limit.key]) >= limit.limit

    def _count(self, limit: TagLimit, value: str | None) -> int:
        """Return how many runs count against a limit; those with `value` when it tells values apart."""
        counts = self._by_tag[limit.key]
        if value is None or (limit.value is None and not limit.is_per_value):
            return counts.total()
        return counts[value]
