"""ScheduleStorage: keeps the state of schedules and sensors, and their ticks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence

from runrack.interfaces.part import InstancePart
from runrack.interfaces.tick_claims import TickClaims
from runrack.records.tick import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    TickData,
    TickStatus,
)


class ScheduleStorage(TickClaims, InstancePart, ABC):
    """Keeps instigator states by selector id, and ticks. Durability and concurrency as in `RunStorage`."""

    @abstractmethod
    def all_instigator_state(
        self,
        repository_selector_id: str | None = None,
        instigator_type: InstigatorType | None = None,
        instigator_statuses: Collection[InstigatorStatus] | None = None,
    ) -> Sequence[InstigatorState]:
        """Return the states that satisfy every argument given, in the order in which they were added.

        - `repository_selector_id` is that of the origin (`InstigatorOrigin.repository_selector_id`).
        - None or an empty collection of statuses means all.
        """

    @abstractmethod
    def get_instigator_state(self, selector_id: str) -> InstigatorState | None:
        """Return the state with this selector id; None when there is none."""

    @abstractmethod
    def add_instigator_state(self, state: InstigatorState) -> InstigatorState:
        """Store a new state and return it.

        Raises:
            AlreadyExistsError: One with the same selector id is stored.
        """

    @abstractmethod
    def update_instigator_state(self, state: InstigatorState) -> InstigatorState:
        """Replace the state with the same selector id and return it.

        Raises:
            NotFoundError: None is stored.
        """

    @abstractmethod
    def change_instigator_state(
        self, selector_id: str, change: Callable[[InstigatorState], InstigatorState]
    ) -> InstigatorState:
        """Replace the state with this selector id by what `change` makes of it, in one step, and return that.

        - Nobody else changes the state in between. `change` may be called several times; it does nothing but compute.

        Raises:
            NotFoundError: None is stored.
        """

    @abstractmethod
    def delete_instigator_state(self, selector_id: str) -> None:
        """Remove the state with this selector id.

        Raises:
            NotFoundError: None is stored.
        """

    @abstractmethod
    def create_tick(self, tick_data: TickData) -> InstigatorTick:
        """Store a new tick and return it with its id."""

    @abstractmethod
    def update_tick(self, tick: InstigatorTick) -> InstigatorTick:
        """Replace the data of the tick with this id and return it.

        Raises:
            NotFoundError: No tick has this id.
        """

    @abstractmethod
    def get_ticks(
        self,
        selector_ids: Collection[str] | None = None,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Collection[TickStatus] | None = None,
        tick_ids: Collection[int] | None = None,
    ) -> Sequence[InstigatorTick]:
        """Return the ticks that satisfy every argument given, newest timestamp first, ties by newest id.

        - Bounds are strict and in seconds since 1970. `limit` counts per selector id when `selector_ids` are given, else
          overall. Empty statuses mean all; empty `selector_ids` or `tick_ids` give nothing.
        """

    @abstractmethod
    def purge_ticks(
        self, selector_id: str, before: float, tick_statuses: Collection[TickStatus] | None = None
    ) -> None:
        """Remove ticks of an instigator with a timestamp strictly before `before`; only of some statuses when given."""

    @abstractmethod
    def wipe(self) -> None:
        """Remove all states and ticks."""

    def get_tick(self, tick_id: int) -> InstigatorTick | None:
        """Return the tick with this id; None when there is none."""
        ticks = self.get_ticks(tick_ids=[tick_id])
        return ticks[0] if ticks else None

    def get_batch_ticks(
        self,
        selector_ids: Collection[str],
        limit: int | None = None,
        statuses: Collection[TickStatus] | None = None,
    ) -> Mapping[str, Sequence[InstigatorTick]]:
        """Return selector id to its newest ticks, at most `limit` each; selector ids without ticks are left out."""
        found: dict[str, list[InstigatorTick]] = {}
        for tick in self.get_ticks(selector_ids, limit=limit, statuses=statuses):
            found.setdefault(tick.tick_data.selector_id, []).append(tick)
        return found
