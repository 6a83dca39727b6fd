"""A delivery about to leave, and what its preparation found. Pure: shapes alone."""

from dataclasses import dataclass, field
from typing import TypeAlias

from consumers.ledger.records import Pending
from consumers.subscriptions.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Departure:
    """The head of a lane, about to leave."""

    subscription: Subscription
    row: Pending
    sequence: int


@dataclass(frozen=True, slots=True)
class Body:
    """May leave: the bytes to sign."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """May not leave any more; ``why`` is French."""

    why: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Can never leave: its bytes are wrong."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody else has ended it (erasure, age): nothing to record."""


Prepared: TypeAlias = Body | Withdrawn | Unreadable | Gone
