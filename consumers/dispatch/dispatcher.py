"""The dispatcher: owed deliveries leave, lane by lane, within what each endpoint bears, and every result is recorded.

One asyncio loop decides and sends; threads of one worker each do what blocks (ledger; preparation; desk). The ledger
thread writes results before it reads more, so that what is read is never older than what was decided.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import psycopg

from bus.telemetry.logs import get_logger
from consumers.connectors.webhook import headers
from consumers.connectors.webhook.outcome import Answer
from consumers.connectors.webhook.transport import Request, Transport
from consumers.dispatch import board, recording
from consumers.dispatch.clerk import Clerk, reading
from consumers.dispatch.gate import Gate
from consumers.dispatch.lanes import Endpoint, Lane
from consumers.dispatch.recording import Sent
from consumers.dispatch.roster import Roster
from consumers.dispatch.threads import Threads
from consumers.ledger import ledger
from consumers.ledger.fates import Why
from consumers.ledger.records import LaneState, Pending, Wake, Window
from consumers.ledger.release import released
from consumers.payload.preparation import Body, Gone, Owed, Preparation, Prepared, Unreadable, Withdrawn
from consumers.settings import DeliverSettings
from consumers.subscriptions import in_force as desk
from consumers.subscriptions.subscription import Subscription

log = get_logger()

_TICK: Final = 0.05  # seconds between two looks at the clock
_PUMP: Final = 0.001  # seconds in which answers gather before the next deliveries are chosen
_DESK_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 10.0
_BACKLOG_SECONDS: Final = 5.0
_BATCH: Final = 256  # deliveries prepared at once
_ENDED: Final = Why.TERMINE.value
_TOO_OLD: Final = Why.TROP_VIEILLE.value


@dataclass(frozen=True, slots=True)
class Connections:
    """One connection per thread; the one of ``preparation`` commits by itself."""

    ledger: psycopg.Connection
    desk: psycopg.Connection
    preparation: Preparation


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


class Dispatcher:
    """Sends until told to stop; ``notify`` and ``fail`` come from any thread, all else runs in its loop."""

    def __init__(self, settings: DeliverSettings, connections: Connections) -> None:
        self._settings = settings
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._transport = Transport(self._loop, settings.limits)
        self._threads = Threads(self._loop, "ledger", "preparation", "desk")
        self._roster = Roster(settings)
        self._desk = desk.InForce(-1, {}, frozenset())
        self._clerk = Clerk(settings, self._threads, connections.ledger, self._roster)
        self._picked: list[Picked] = []
        self._in_flight = 0
        self._preparing = self._reading = self._pumping = self._stopping = False
        self._next_desk = self._next_sweep = self._next_backlog = 0.0

    async def run(self, stop: threading.Event) -> None:
        """Send until ``stop``, then wait for what is in flight and record it.

        Raises:
            Unavailable: the database went away; whatever was not recorded is sent again by the next run.
        """
        try:
            while not stop.is_set():
                await self._tick()
            await self._drain()
        finally:
            self._stopping = True
            self._transport.close()
            self._threads.close()
            board.clear()

    def notify(self, names: frozenset[str]) -> None:
        """Say, from any thread, that these subscriptions are owed something new."""
        self._loop.call_soon_threadsafe(self._notified, names)

    def fail(self, error: BaseException) -> None:
        """End the run, from any thread: what feeds it has failed."""
        self._loop.call_soon_threadsafe(self._threads.fail, error)

    def _notified(self, names: frozenset[str]) -> None:
        for name in names & self._roster.endpoints.keys():
            self._roster.endpoints[name].notify()
        self._plan_pump()

    # --- time -----------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._next_desk:
            self._next_desk = now + _DESK_SECONDS
            await self._look_at_desk()
        self._pump()
        await self._pause()

    async def _drain(self) -> None:
        """Give what is in flight its whole deadline, then record everything."""
        self._stopping = True
        for one in self._picked:
            self._leave(one)
        self._picked.clear()
        deadline = time.monotonic() + self._settings.deliver_timeout + 1
        while self._in_flight and time.monotonic() < deadline:
            await self._pause()
        while not self._clerk.idle:
            await self._pause()

    async def _pause(self) -> None:
        """Let time pass; a failure anywhere ends the wait and the run."""
        await asyncio.wait({self._threads.failure}, timeout=_TICK)
        if self._threads.failure.done():
            self._threads.failure.result()

    # --- subscriptions --------------------------------------------------------------------------------------------

    async def _look_at_desk(self) -> None:
        """Follow the subscriptions of now, and do what goes with time: ended ones, old ones, counts."""
        read = partial(_changed, known=self._desk.revision)
        found = await self._threads.call("desk", partial(reading, self._connections.desk, read))
        if found is not None:
            self._desk = found
            read_released = partial(reading, self._connections.desk, released)
            self._roster.reopen(await self._threads.call("desk", read_released))
        now = datetime.now(UTC)
        active = {name: one for name, one in self._desk.in_force.items() if now < one.ends_at}
        held: list[LaneState] = []
        if self._roster.strangers(active):
            held = await self._threads.call("ledger", partial(reading, self._connections.ledger, ledger.held))
        self._roster.follow(active, self._desk.stopped, held)
        self._housekeep(now - timedelta(days=self._settings.deliver_patience_days))

    def _housekeep(self, oldest: datetime) -> None:
        moment = time.monotonic()
        if moment >= self._next_sweep:
            self._next_sweep = moment + _SWEEP_SECONDS
            self._threads.submit("desk", partial(_sweep, self._connections.desk, oldest))
        if moment >= self._next_backlog:
            self._next_backlog = float("inf")  # one look at a time
            states = {name: board.state(one) for name, one in self._roster.endpoints.items()}
            look = partial(board.look, self._connections.desk, states, self._settings.deliver_deadline)
            self._threads.submit("desk", look, self._looked)

    def _looked(self, found: board.Look) -> None:
        self._next_backlog = time.monotonic() + _BACKLOG_SECONDS
        board.show(self._roster.endpoints.values(), found)

    # --- the pump: read, pick, prepare, send ----------------------------------------------------------------------

    def _plan_pump(self) -> None:
        """Pump once for all that happens within a millisecond: many answers, one pump."""
        if not self._pumping and not self._stopping:
            self._pumping = True
            self._loop.call_later(_PUMP, self._pump)

    def _pump(self) -> None:
        self._pumping = False
        if not self._stopping:
            self._read()
            self._pick()
            self._prepare()

    def _read(self) -> None:
        """Read more deliveries for every endpoint that has room, and the lanes that wake, in one query."""
        if self._reading:
            return
        windows = [
            (endpoint, Window(endpoint.subscription.id, endpoint.cursor, count), endpoint.begin_loading())
            for endpoint in self._roster.endpoints.values()
            if (count := endpoint.wanted())
        ]
        wakes = [(self._roster.endpoints[wake.subscription_id], wake) for wake in self._roster.due(time.time())]
        if windows or wakes:
            self._reading = True
            read = partial(_read, windows=[window for _, window, _ in windows], wakes=[wake for _, wake in wakes])
            self._clerk.commit_with(read, partial(self._loaded, windows, wakes))

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
        self._plan_pump()

    def _pick(self) -> None:
        """Let each endpoint in turn start what its gate and the global cap allow."""
        now = time.monotonic()
        for endpoint in self._roster.turn():
            if endpoint.paused or not endpoint.ready:
                continue
            free = max(0, self._settings.deliver_in_flight - self._in_flight)
            for lane in endpoint.take(min(free, endpoint.gate.room(now))):
                row, gate = lane.rows[0], endpoint.gate
                sequence = row.sequence or lane.sequence + 1
                self._in_flight += 1
                self._picked.append(
                    Picked(endpoint, endpoint.subscription, gate, lane, row, sequence, probe=gate.start())
                )

    def _prepare(self) -> None:
        if self._preparing or not self._picked:
            return
        self._preparing = True
        batch, self._picked = self._picked[:_BATCH], self._picked[_BATCH:]
        candidates = [Owed(one.subscription, one.row, one.sequence) for one in batch]
        work = partial(self._connections.preparation.prepare, candidates)
        self._threads.submit("preparation", work, partial(self._send, batch))

    def _send(self, batch: Sequence[Picked], prepared: Sequence[Prepared]) -> None:
        self._preparing = False
        for one, fate in zip(batch, prepared, strict=True):
            if self._stopping or not self._stands(one):
                self._leave(one)
                one.endpoint.release(one.lane, probe=False)
                continue
            self._follow_fate(one, fate)
        self._plan_pump()

    def _stands(self, one: Picked) -> bool:
        """Tell whether the subscription that the body was made for is still the one in force."""
        current = self._roster.endpoints.get(one.subscription.id)
        return current is one.endpoint and current.subscription is one.subscription and not current.paused

    def _follow_fate(self, one: Picked, fate: Prepared) -> None:
        match fate:
            case Body(octets):
                self._post(one, octets)
            case Withdrawn(why):
                self._leave(one)
                self._clerk.end(one.endpoint, one.lane, recording.WITHDRAWN, why)
            case Unreadable(reason):
                self._leave(one)
                self._clerk.end(one.endpoint, one.lane, recording.PARKED, f"{Why.ILLISIBLE} : {reason}")
            case Gone():
                self._leave(one)
                one.endpoint.drop(one.lane)

    def _post(self, one: Picked, body: bytes) -> None:
        now = datetime.now(UTC)
        request = Request(one.subscription.url, _headers(one, body, int(now.timestamp())), body)
        sent = Sent(one.endpoint, one.lane, one.row, one.sequence, now, one.probe)
        self._transport.post(request, partial(self._answered, sent, one.gate))

    def _leave(self, one: Picked) -> None:
        self._in_flight -= 1
        one.gate.cancel(probe=one.probe)

    def _answered(self, sent: Sent, gate: Gate, answer: Answer) -> None:
        self._in_flight -= 1
        if self._clerk.answered(sent, gate, answer):
            self._desk = replace(self._desk, stopped=self._desk.stopped | {sent.row.subscription_id})
        self._plan_pump()


def _headers(one: Picked, body: bytes, timestamp: int) -> tuple[str, ...]:
    name = recording.webhook_id(one.row.event_id, one.subscription.id)
    attempted = headers.Attempted(name, str(one.row.event_id), one.row.attempts + 1, one.lane.gap)
    return headers.lines(attempted, one.endpoint.secrets, body, timestamp)


def _read(
    conn: psycopg.Connection, windows: Sequence[Window], wakes: Sequence[Wake]
) -> tuple[list[Pending], list[Pending]]:
    """Give the rows of the lanes that wake, and those after the cursors."""
    return ledger.lanes(conn, wakes), ledger.windows(conn, windows)


def _changed(conn: psycopg.Connection, known: int) -> desk.InForce | None:
    """Give the subscriptions when they have changed since the revision that is known."""
    return desk.load(conn) if desk.revision(conn) != known else None


def _sweep(conn: psycopg.Connection, oldest: datetime) -> None:
    with conn.transaction():
        withdrawn = ledger.withdraw_ended(conn, _ENDED)
        parked = ledger.park_older(conn, oldest, _TOO_OLD)
    if withdrawn or parked:
        log.warning("deliveries ended without delivery", withdrawn=withdrawn, parked=parked)
