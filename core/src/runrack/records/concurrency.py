"""Concurrency slots: how many steps may hold a key at once, who holds it, who waits."""

from enum import StrEnum

from runrack.records.record import Record


class ConcurrencySlotStatus(StrEnum):
    """Whether a step holds a slot or waits for one."""

    CLAIMED = "CLAIMED"
    BLOCKED = "BLOCKED"


class ConcurrencyClaimStatus(Record, frozen=True):
    """What came of a claim."""

    concurrency_key: str
    slot_status: ConcurrencySlotStatus

    @property
    def is_claimed(self) -> bool:
        """Whether the step holds a slot."""
        return self.slot_status is ConcurrencySlotStatus.CLAIMED


class SlotHolder(Record, frozen=True):
    """A step that holds a slot or waits for one."""

    run_id: str
    step_key: str
    priority: int = 0


class ConcurrencyKeyInfo(Record, frozen=True):
    """How it stands with one key.

    Attributes:
        concurrency_key: Which key.
        slot_count: How many steps may hold it at once.
        claimed: Who holds it, longest first.
        pending: Who waits, in the order of being served: higher priority first, then longest waiting.
    """

    concurrency_key: str
    slot_count: int
    claimed: tuple[SlotHolder, ...] = ()
    pending: tuple[SlotHolder, ...] = ()
