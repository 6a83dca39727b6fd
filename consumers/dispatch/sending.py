"""One delivery at a time: read ahead, pick what the gates let through, prepare, send, follow the answers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, cast

import psycopg

from consumers.connectors.port import Answer, Sender
from consumers.dispatch import recording
from consumers.dispatch.clerk import Clerk
from consumers.dispatch.gate import Gate
from consumers.dispatch.lanes import Endpoint, Lane
from consumers.dispatch.recording import Sent
from consumers.dispatch.roster import Roster
from consumers.dispatch.threads import Threads
from consumers.ledger import ledger
from consumers.ledger.fates import Why
from consumers.ledger.records import Pending, Wake, Window
from consumers.payload.departure import Body, Departure, Gone, Prepared, Unreadable, Withdrawn
from consumers.payload.preparation import Preparation
from consumers.settings import DeliverSettings
from consumers.subscriptions.subscription import Subscription

_BATCH: Final = 256  # deliveries prepared at once


@dataclass(frozen=True, slots=True)
class Picked:
    """A head that the gate lets through, judged by the subscription of that moment. The gate is the one counting it."""

    endpoint: Endpoint
    subscription: Subscription
    gate: Gate
    lane: Lane
    row: Pending
    sequence: int
    probe: bool


@dataclass(frozen=True, slots=True)
class Gear:
    """What both shapes of channels work with: ``pump`` plans the next turn, ``stopped`` is told who wants no more."""

    settings: DeliverSettings
    threads: Threads
    roster: Roster
    clerk: Clerk
    preparation: Preparation
    pump: Callable[[], None]
    stopped: Callable[[str], None]


class Sending:
    """Keeps lanes moving for the channels that carry one delivery at a time; lives in the loop."""

    def __init__(self, gear: Gear) -> None:
        self._gear = gear
        self._picked: list[Picked] = []
        self.in_flight = 0
        self._preparing = self._reading = self._stopping = False

    def turn(self) -> None:
        """Read, pick and prepare what may move now."""
        self._read()
        self._pick()
        self._prepare()

    def stop(self) -> None:
        """Start nothing more; what is in flight goes on."""
        self._stopping = True
        for one in self._picked:
            self._leave(one)
        self._picked.clear()

    def _read(self) -> None:
        """Read more deliveries for every endpoint that has room, and the lanes that wake, in one query."""
        if self._reading:
            return
        endpoints = self._gear.roster.endpoints
        windows = [
            (endpoint, Window(endpoint.subscription.id, endpoint.cursor, count), endpoint.begin_loading())
            for endpoint in endpoints.values()
            if not endpoint.in_batches and (count := endpoint.wanted())
        ]
        wakes = [(endpoints[wake.subscription_id], wake) for wake in self._gear.roster.due(time.time())]
        if windows or wakes:
            self._reading = True
            read = partial(_read, windows=[window for _, window, _ in windows], wakes=[wake for _, wake in wakes])
            self._gear.clerk.commit_with(read, partial(self._loaded, windows, wakes))

    def _loaded(
        self,
        windows: Sequence[tuple[Endpoint, Window, int]],
        wakes: Sequence[tuple[Endpoint, Wake]],
        found: tuple[Sequence[Pending], Sequence[Pending]],
    ) -> None:
        """Hand rows over: woken lanes first, since what lies after the cursor comes after them."""
        self._reading = False
        by_lane: dict[tuple[str, str], list[Pending]] = {}
        by_subscription: dict[str, list[Pending]] = {}
        for row in found[0]:
            by_lane.setdefault((row.subscription_id, row.lane), []).append(row)
        for row in found[1]:
            by_subscription.setdefault(row.subscription_id, []).append(row)
        for endpoint, wake in wakes:
            endpoint.woken(wake.lane, by_lane.get((wake.subscription_id, wake.lane), []))
        for endpoint, window, notice in windows:
            rows = by_subscription.get(window.subscription_id, [])
            endpoint.loaded(rows, limit=window.limit, notice=notice)
        self._gear.pump()

    def _pick(self) -> None:
        """Let each endpoint in turn start what its gate and the global cap allow."""
        now = time.monotonic()
        for endpoint in self._gear.roster.turn():
            if endpoint.paused or not endpoint.ready:
                continue
            free = max(0, self._gear.settings.deliver_in_flight - self.in_flight)
            for lane in endpoint.take(min(free, endpoint.gate.room(now))):
                row, gate = lane.rows[0], endpoint.gate
                sequence = row.sequence or lane.sequence + 1
                self.in_flight += 1
                self._picked.append(
                    Picked(endpoint, endpoint.subscription, gate, lane, row, sequence, probe=gate.start())
                )

    def _prepare(self) -> None:
        if self._preparing or not self._picked:
            return
        self._preparing = True
        batch, self._picked = self._picked[:_BATCH], self._picked[_BATCH:]
        candidates = [Departure(one.subscription, one.row, one.sequence) for one in batch]
        work = partial(self._gear.preparation.prepare, candidates)
        self._gear.threads.submit("preparation", work, partial(self._send, batch))

    def _send(self, batch: Sequence[Picked], prepared: Sequence[Prepared]) -> None:
        self._preparing = False
        for one, fate in zip(batch, prepared, strict=True):
            if self._stopping or not self._stands(one):
                self._leave(one)
                one.endpoint.release(one.lane, probe=False)
                continue
            self._follow_fate(one, fate)
        self._gear.pump()

    def _stands(self, one: Picked) -> bool:
        """Tell whether the subscription that the body was made for is still the one in force."""
        current = self._gear.roster.endpoints.get(one.subscription.id)
        return current is one.endpoint and current.subscription is one.subscription and not current.paused

    def _follow_fate(self, one: Picked, fate: Prepared) -> None:
        match fate:
            case Body(octets):
                self._go(one, octets)
            case Withdrawn(why):
                self._leave(one)
                self._gear.clerk.end(one.endpoint, one.lane, recording.WITHDRAWN, why)
            case Unreadable(reason):
                self._leave(one)
                self._gear.clerk.end(one.endpoint, one.lane, recording.PARKED, f"{Why.ILLISIBLE} : {reason}")
            case Gone():
                self._leave(one)
                one.endpoint.drop(one.lane)

    def _go(self, one: Picked, body: bytes) -> None:
        sent = Sent(one.lane, one.row, one.sequence, datetime.now(UTC), one.endpoint, one.probe)
        sender = cast("Sender", one.endpoint.connector)
        asked = recording.request(sent, one.subscription, one.endpoint.secrets, tuple(one.lane.gap), body)
        sender.send(asked, partial(self._answered, sent, one.gate))

    def _leave(self, one: Picked) -> None:
        self.in_flight -= 1
        one.gate.cancel(probe=one.probe)

    def _answered(self, sent: Sent, gate: Gate, answer: Answer) -> None:
        self.in_flight -= 1
        if self._gear.clerk.answered(sent, gate, answer):
            self._gear.stopped(sent.row.subscription_id)
        self._gear.pump()


def _read(
    conn: psycopg.Connection, windows: Sequence[Window], wakes: Sequence[Wake]
) -> tuple[list[Pending], list[Pending]]:
    """Give the rows of the lanes that wake, and those after the cursors."""
    return ledger.lanes(conn, wakes), ledger.windows(conn, windows)
