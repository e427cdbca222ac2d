"""ConcurrencySlots: limits how many steps hold a key at once, across all runs."""

from abc import ABC, abstractmethod

from runrack.records.concurrency import ConcurrencyClaimStatus, ConcurrencyKeyInfo

MAX_CONCURRENCY_SLOTS = 1000


class ConcurrencySlots(ABC):
    """Hands out slots. A slot belongs to one step of one run; claiming is idempotent for it."""

    @abstractmethod
    def set_concurrency_slots(self, concurrency_key: str, slot_count: int) -> None:
        """Set how many steps may hold the key at once.

        - When it shrinks, holders keep their slots until they free them. When it grows, those who wait are served.

        Raises:
            InvalidArgumentError: `slot_count` is not between 0 and 1000.
        """

    @abstractmethod
    def delete_concurrency_limit(self, concurrency_key: str) -> None:
        """Forget the key, its holders and those who wait. An unknown key is no error."""

    @abstractmethod
    def get_concurrency_keys(self) -> set[str]:
        """Return the keys that have a limit."""

    @abstractmethod
    def get_concurrency_info(self, concurrency_key: str) -> ConcurrencyKeyInfo:
        """Return how it stands with the key; an unknown key has 0 slots."""

    @abstractmethod
    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int = 0
    ) -> ConcurrencyClaimStatus:
        """Claim a slot for the step, or queue it when none is free.

        - A step that holds or awaits the key already is not counted twice.
        - Free slots go to those who wait by priority, highest first, then by time of waiting.
        """

    @abstractmethod
    def check_concurrency_claim(
        self, concurrency_key: str, run_id: str, step_key: str
    ) -> ConcurrencyClaimStatus:
        """Tell whether the step holds a slot, without claiming one."""

    @abstractmethod
    def get_concurrency_run_ids(self) -> set[str]:
        """Return the runs that hold or await some slot."""

    @abstractmethod
    def free_concurrency_slots_for_run(self, run_id: str) -> None:
        """Free every slot of the run and take it out of every queue; those who wait are served."""

    @abstractmethod
    def free_concurrency_slot_for_step(self, run_id: str, step_key: str) -> None:
        """Free every slot of the step and take it out of every queue; those who wait are served."""
