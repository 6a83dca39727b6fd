"""A page of the ledger made ready to leave, and what an answer to it changes. Pure: for batches and for pull.

Numbers follow the order of each lane. What turns out not to leave takes no number, so the rest of its lane, whose
bodies already carry the numbers after it, waits for the next page; one that had its number leaves a gap, and is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from consumers.connectors.port import Answer, Decision, Delivered, Park, Stay
from consumers.dispatch import recording
from consumers.dispatch.lanes import Lane
from consumers.dispatch.recording import Tried
from consumers.ledger.fates import Why
from consumers.ledger.ids import delivery_id
from consumers.ledger.records import Pending, Results, Standing
from consumers.payload.departure import Body, Departure, Gone, Prepared, Unreadable, Withdrawn
from consumers.subscriptions.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Offered:
    """A delivery of a page as it leaves, with the ids before it that will not arrive."""

    tried: Tried
    gap: tuple[str, ...]
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Composed:
    """What leaves of a page, in order; and what the ledger must hold before: numbers, and what ended instead."""

    subscription: Subscription
    at: datetime
    leaving: list[Offered] = field(default_factory=list)
    results: Results = field(default_factory=Results)
    lanes: dict[str, Lane] = field(default_factory=dict)
    untold: dict[str, list[str]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)

    def lane(self, row: Pending) -> Lane:
        """Give the lane of a row, as the ledger knows it at first."""
        if row.lane not in self.lanes:
            self.lanes[row.lane] = Lane(row.lane, row.lane_sequence, list(row.lane_gap))
            self.untold[row.lane] = list(row.lane_gap)
        return self.lanes[row.lane]

    def leave(self, one: Departure, octets: bytes) -> None:
        """Let a delivery leave under its number; the ids before it are told with it."""
        row, lane = one.row, self.lane(one.row)
        lane.sequence = max(lane.sequence, one.sequence)
        gap, self.untold[lane.key] = tuple(self.untold[lane.key]), []
        self.leaving.append(Offered(Tried(lane, row, one.sequence, self.at), gap, octets))
        self._stand(Standing(row.seq, recording.PENDING, one.sequence, row.attempts, row.tries, None), lane)

    def end(self, row: Pending, etat: str, why: str) -> None:
        """End a delivery that does not leave, and cut its lane where what follows may not leave either."""
        lane = self.lane(row)
        parked = etat == recording.PARKED
        if parked or row.sequence is not None:
            recording.add_to_gap(lane, row, self.subscription.id)
            self.untold[lane.key].append(delivery_id(row.event_id, self.subscription.id))
        blocked = parked and self.subscription.poison == "bloquer"
        self._stand(recording.ended(row, etat, why), lane, blocked=blocked)
        self.skip(row, blocked=blocked)

    def skip(self, row: Pending, *, blocked: bool = False) -> None:
        """Pass over a delivery; without a number of its own, what follows it in its lane waits."""
        if blocked or row.sequence is None:
            self.cut.add(row.lane)

    def _stand(self, standing: Standing, lane: Lane, *, blocked: bool = False) -> None:
        self.results.standings[standing.seq] = standing
        self.results.lanes[self.subscription.id, lane.key] = recording.lane_state(
            self.subscription.id, lane, blocked=blocked
        )


def candidates(subscription: Subscription, rows: Sequence[Pending]) -> list[Departure]:
    """Give the rows with the numbers they get if all of them leave."""
    last: dict[str, int] = {}
    found = []
    for row in rows:
        number = row.sequence or last.get(row.lane, row.lane_sequence) + 1
        last[row.lane] = max(last.get(row.lane, row.lane_sequence), number)
        found.append(Departure(subscription, row, number))
    return found


def compose(page: Sequence[Departure], fates: Sequence[Prepared], subscription: Subscription, at: datetime) -> Composed:
    """Give what leaves of a page, each lane up to its first delivery that does not."""
    found = Composed(subscription, at)
    for one, fate in zip(page, fates, strict=True):
        if one.row.lane in found.cut:
            continue
        match fate:
            case Body(octets):
                found.leave(one, octets)
            case Withdrawn(why):
                found.end(one.row, recording.WITHDRAWN, why)
            case Unreadable(reason):
                found.end(one.row, recording.PARKED, f"{Why.ILLISIBLE} : {reason}")
            case Gone():
                found.skip(one.row)
    return found


def settled(composed: Composed, answer: Answer, decided: Sequence[Decision], why: str | None) -> Results:
    """Give what the ledger holds after an answer to a whole page; ``decided`` is the fate of each that left."""
    subscription, results, blocked = composed.subscription, Results(), set[str]()
    for one, decision in zip(composed.leaving, decided, strict=True):
        lane, row = one.tried.lane, one.tried.row
        match decision:
            case Delivered():
                lane.gap = list(composed.untold[lane.key])
            case Park():
                recording.add_to_gap(lane, row, subscription.id)
                blocked |= {lane.key} if subscription.poison == "bloquer" else set()
            case _:
                pass
        results.attempts.append(recording.attempt(one.tried, answer, why))
        results.standings[row.seq] = recording.standing(one.tried, decision, why)
        results.lanes[subscription.id, lane.key] = recording.lane_state(
            subscription.id, lane, blocked=lane.key in blocked
        )
    return results


def shared_out(composed: Composed, decision: Decision, refused: str | None) -> list[Decision]:
    """Give the fate of each delivery that left: that of the page, or only of the one that the receiver refused."""
    if refused is None or not isinstance(decision, Park):
        return [decision] * len(composed.leaving)
    ids = [delivery_id(one.tried.row.event_id, composed.subscription.id) for one in composed.leaving]
    return [decision if one == refused else Stay() for one in ids]
