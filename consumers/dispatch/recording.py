"""From an answer to what the ledger will hold: pure bookkeeping of one delivery and its lane."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from consumers.connectors.port import Again, Answer, Decision, Delivered, Park, Stop, Wait
from consumers.dispatch.lanes import Endpoint, Lane
from consumers.ledger.fates import Etat
from consumers.ledger.ids import delivery_id
from consumers.ledger.records import Attempt, LaneState, Pending, Results, Standing

PENDING: Final = Etat.EN_ATTENTE.value
DELIVERED: Final = Etat.LIVREE.value
PARKED: Final = Etat.PARQUEE.value
WITHDRAWN: Final = Etat.RETIREE.value
_GAP_LIMIT: Final = 50  # ids told with the next delivery; the number in sequence tells the rest


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that was attempted: by whom, which, with which number, when, and whether as a probe."""

    endpoint: Endpoint
    lane: Lane
    row: Pending
    sequence: int
    at: datetime
    probe: bool


def attempt(sent: Sent, answer: Answer, cause: str | None) -> Attempt:
    """Give the line of the attempt."""
    milliseconds = round(answer.duration * 1000)
    return Attempt(sent.row.seq, sent.row.attempts + 1, sent.at, answer.outcome, answer.code, milliseconds, cause)


def standing(sent: Sent, decision: Decision, cause: str | None) -> Standing:
    """Give where the delivery stands after an attempt."""
    row, tries, etat = sent.row, sent.row.tries, PENDING
    match decision:
        case Delivered():
            etat, tries = DELIVERED, tries + 1
        case Again(tries=spent):
            tries = spent
        case Park():
            etat, tries = PARKED, tries + 1
        case Wait() | Stop():
            pass
        case _:
            assert_never(decision)
    return Standing(row.seq, etat, sent.sequence, row.attempts + 1, tries, cause)


def ended(row: Pending, etat: str, why: str) -> Standing:
    """Give where a delivery stands that ends without an attempt."""
    return Standing(row.seq, etat, row.sequence, row.attempts, row.tries, why)


def add_to_gap(lane: Lane, row: Pending, subscription_id: str) -> None:
    """Remember that a numbered delivery will not arrive: the next one tells the receiver."""
    lane.gap = [*lane.gap, delivery_id(row.event_id, subscription_id)][-_GAP_LIMIT:]


def lane_state(
    endpoint: Endpoint, lane: Lane, *, sleeps_until: datetime | None = None, blocked: bool = False
) -> LaneState:
    """Give what the ledger must remember of a lane."""
    return LaneState(endpoint.subscription.id, lane.key, lane.sequence, sleeps_until, blocked, tuple(lane.gap))


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
