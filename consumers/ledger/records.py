"""The shapes that the ledger takes and gives."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

Place: TypeAlias = tuple[str, int]
"""Topic and partition."""
LaneKey: TypeAlias = tuple[str, str]
"""Subscription id, and subject id (or flux id)."""


@dataclass(frozen=True, slots=True)
class Owed:
    """An event, as received, and to whom it is owed: (subscription id, pseudonym or None)."""

    event_id: UUID
    autorite: str
    type: str
    subject_id: str | None
    lane: str
    flux_id: str
    effective_on: date
    published_at: datetime
    value: bytes = field(repr=False)
    recipients: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery to make, with the sealed event and what its lane remembers."""

    seq: int
    subscription_id: str
    event_id: UUID
    autorite: str
    type: str
    lane: str
    sujet: str | None
    sequence: int | None
    attempts: int
    tries: int
    effective_on: date
    published_at: datetime
    value: bytes = field(repr=False)
    lane_sequence: int
    lane_gap: list[str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: when, how it ended, in how many milliseconds, and why it failed (French)."""

    seq: int
    n: int
    at: datetime
    outcome: str
    code: int | None
    duration_ms: int
    why: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a delivery stands after an attempt or a withdrawal."""

    seq: int
    etat: str
    sequence: int | None
    attempts: int
    tries: int
    why: str | None


@dataclass(frozen=True, slots=True)
class LaneState:
    """What a lane must remember over a restart."""

    subscription_id: str
    lane: str
    sequence: int
    sleeps_until: datetime | None
    blocked: bool
    gap: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows to read of a subscription: at most ``limit`` after ``after``."""

    subscription_id: str
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Wake:
    """Which rows to read of a lane that was held: all of them up to ``upto``."""

    subscription_id: str
    lane: str
    upto: int


@dataclass(slots=True)
class Results:
    """What a group commit writes; the last word on a delivery and on a lane wins."""

    attempts: list[Attempt] = field(default_factory=list)
    standings: dict[int, Standing] = field(default_factory=dict)
    lanes: dict[LaneKey, LaneState] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.attempts or self.standings or self.lanes)
