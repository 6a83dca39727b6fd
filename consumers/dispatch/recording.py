"""From an answer to what the ledger will hold: pure bookkeeping of one delivery and its lane."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from consumers.connectors.port import Again, Answer, Decision, Delivered, Park, Request, Stay, Stop
from consumers.dispatch.lanes import Endpoint, Lane
from consumers.ledger.fates import Etat
from consumers.ledger.ids import delivery_id
from consumers.ledger.records import Attempt, LaneState, Pending, Results, Standing
from consumers.subscriptions.subscription import Subscription

PENDING: Final = Etat.EN_ATTENTE.value
DELIVERED: Final = Etat.LIVREE.value
PARKED: Final = Etat.PARQUEE.value
WITHDRAWN: Final = Etat.RETIREE.value
_GAP_LIMIT: Final = 50  # ids told with the next delivery; the number in sequence tells the rest


@dataclass(frozen=True, slots=True)
class Tried:
    """A delivery that was attempted: which, with which number, when."""

    lane: Lane
    row: Pending
    sequence: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent(Tried):
    """A delivery that a connector was given: for whom, and whether as a probe."""

    endpoint: Endpoint
    probe: bool


def request(
    tried: Tried, to: Subscription, secrets: tuple[bytes, ...] | None, gap: tuple[str, ...], body: bytes
) -> Request:
    """Give what a channel gets of one delivery."""
    row = tried.row
    name = delivery_id(row.event_id, to.id)
    return Request(to.id, to.destination, secrets or (), name, str(row.event_id), row.attempts + 1, gap, body)


def attempt(sent: Tried, answer: Answer, why: str | None) -> Attempt:
    """Give the line of the attempt."""
    milliseconds = round(answer.duration * 1000)
    return Attempt(sent.row.seq, sent.row.attempts + 1, sent.at, answer.outcome, answer.code, milliseconds, why)


def standing(sent: Tried, decision: Decision, why: str | None) -> Standing:
    """Give where the delivery stands after an attempt."""
    row, tries, etat = sent.row, sent.row.tries, PENDING
    match decision:
        case Delivered():
            etat, tries = DELIVERED, tries + 1
        case Again(tries=spent):
            tries = spent
        case Park():
            etat, tries = PARKED, tries + 1
        case Stay() | Stop():
            pass
        case _:
            assert_never(decision)
    return Standing(row.seq, etat, sent.sequence, row.attempts + 1, tries, why)


def ended(row: Pending, etat: str, why: str) -> Standing:
    """Give where a delivery stands that ends without an attempt."""
    return Standing(row.seq, etat, row.sequence, row.attempts, row.tries, why)


def add_to_gap(lane: Lane, row: Pending, subscription_id: str) -> None:
    """Remember that a numbered delivery will not arrive: the next one tells the receiver."""
    lane.gap = [*lane.gap, delivery_id(row.event_id, subscription_id)][-_GAP_LIMIT:]


def lane_state(
    subscription_id: str, lane: Lane, *, sleeps_until: datetime | None = None, blocked: bool = False
) -> LaneState:
    """Give what the ledger must remember of a lane."""
    return LaneState(subscription_id, lane.key, lane.sequence, sleeps_until, blocked, tuple(lane.gap))


class Book:
    """What waits for the next group commit."""

    def __init__(self) -> None:
        self._results = Results()
        self._lanes: list[tuple[Endpoint, Lane]] = []

    def write(
        self, endpoint: Endpoint, lane: Lane, *, attempts: Iterable[Attempt], standing: Standing, state: LaneState
    ) -> None:
        """Add one result."""
        self._results.attempts.extend(attempts)
        self._results.standings[standing.seq] = standing
        self._results.lanes[state.subscription_id, state.lane] = state
        lane.unrecorded += 1
        self._lanes.append((endpoint, lane))

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def tear(self) -> tuple[Results, list[tuple[Endpoint, Lane]]]:
        """Give what is written so far, and start a new page."""
        page, self._results, lanes, self._lanes = self._results, Results(), self._lanes, []
        return page, lanes
