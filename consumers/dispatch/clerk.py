"""The clerk: what an answer changes, for the delivery, its lane and its endpoint, and the group commit of it all.

Results gather for a few milliseconds and are written in one transaction, in the ledger's own thread; a reading asked
for meanwhile is done in the same turn, after the writing.
"""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

import psycopg

from bus.failpoints import hit
from bus.telemetry.logs import get_logger
from consumers.connectors.port import Again, Answer, Decision, Delivered, Park, Stay, Stop
from consumers.dispatch import recording
from consumers.dispatch.gate import Gate
from consumers.dispatch.lanes import Endpoint, Lane
from consumers.dispatch.measures import exhausted, measure
from consumers.dispatch.recording import Sent
from consumers.dispatch.threads import Threads
from consumers.ledger import ledger
from consumers.ledger.records import Pending, Results
from consumers.settings import DeliverSettings
from consumers.subscriptions.subscription import Subscription

log = get_logger()

_T = TypeVar("_T")


class Clock(Protocol):
    """Where lanes that wait are noted (``Roster``)."""

    def sleep(self, endpoint: Endpoint, lane: str, until: float) -> None:
        """Note when a held lane wakes; seconds since 1970."""


class Clerk:
    """Decides on answers and writes them down; lives in the loop."""

    def __init__(self, settings: DeliverSettings, threads: Threads, conn: psycopg.Connection, clock: Clock) -> None:
        self._settings = settings
        self._threads = threads
        self._conn = conn
        self._clock = clock
        self._book = recording.Book()
        self._committing = False

    @property
    def idle(self) -> bool:
        """Whether the ledger holds everything."""
        return not self._book and not self._committing

    def answered(self, sent: Sent, gate: Gate, answer: Answer) -> bool:
        """Follow an answer to its end; true when the receiver wants nothing more."""
        decision = self.judge(sent, gate, answer)
        measure(sent.row, answer, decision)
        self._record(sent, answer, decision)
        return isinstance(decision, Stop)

    def judge(self, sent: Sent, gate: Gate, answer: Answer) -> Decision:
        """Let the gate learn from an answer, and decide by the table of the channel."""
        table = sent.endpoint.connector.table
        if answer.outcome is table.success:
            hit("deliver.after_success")
        now, asked = time.monotonic(), answer.retry_after
        gate.end(table.signal(answer), now, lane=sent.lane.key, probe=sent.probe, retry_after=asked)
        counted = gate.closed and not sent.probe
        jitter = random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, guards nothing
        return table.decide(
            answer, sent.row.tries, counted=counted, jitter=jitter, ladder=self._settings.deliver_ladder
        )

    def _record(self, sent: Sent, answer: Answer, decision: Decision) -> None:
        """Move the lane on and write down what happened; the commit follows within milliseconds."""
        endpoint, lane, row = sent.endpoint, sent.lane, sent.row
        lane.sequence = max(lane.sequence, sent.sequence)
        why = endpoint.connector.table.why(answer)
        standing = recording.standing(sent, decision, why)
        until: datetime | None = None
        blocked = False
        match decision:
            case Delivered():
                lane.gap = []
                endpoint.finish(lane)
            case Again(delay=delay) if delay > 0:
                until = datetime.now(UTC) + timedelta(seconds=delay)
                endpoint.hold(lane)
                self._clock.sleep(endpoint, lane.key, until.timestamp())
            case Again() | Stay() | Stop():
                tried = (standing.attempts, standing.tries, standing.sequence)
                lane.rows[0] = replace(row, attempts=tried[0], tries=tried[1], sequence=tried[2])
                endpoint.release(lane, probe=sent.probe)
                if isinstance(decision, Stop):
                    self.stop(endpoint)
            case Park():
                blocked = self._park(endpoint, lane, row)
        state = recording.lane_state(row.subscription_id, lane, sleeps_until=until, blocked=blocked)
        self._book.write(
            endpoint, lane, attempts=[recording.attempt(sent, answer, why)], standing=standing, state=state
        )
        self._plan_commit()

    def _park(self, endpoint: Endpoint, lane: Lane, row: Pending) -> bool:
        """Follow the policy for what cannot be delivered: the lane stops (true), or passes and says so."""
        recording.add_to_gap(lane, row, endpoint.subscription.id)
        blocked = endpoint.subscription.poison == "bloquer"
        log.error("delivery parked", subscription=endpoint.subscription.id, event_id=str(row.event_id), blocks=blocked)
        if blocked:
            endpoint.hold(lane)
        else:
            endpoint.finish(lane)
        return blocked

    def stop(self, endpoint: Endpoint) -> None:
        """The receiver wants nothing more: nothing leaves for this version; what is owed waits for a new one."""
        endpoint.paused = True
        log.error("subscription stopped by its receiver", subscription=endpoint.subscription.id)
        self._threads.submit("ledger", partial(_stop, self._conn, endpoint.subscription))

    def end(self, endpoint: Endpoint, lane: Lane, etat: str, why: str) -> None:
        """End the head of a lane without an attempt: withdrawn, or parked because its bytes are wrong."""
        row, blocked = lane.rows[0], False
        if etat == recording.PARKED:
            blocked = self._park(endpoint, lane, row)
            exhausted(row)
        else:
            if row.sequence is not None:
                recording.add_to_gap(lane, row, endpoint.subscription.id)
            endpoint.finish(lane)
        state = recording.lane_state(row.subscription_id, lane, blocked=blocked)
        self._book.write(endpoint, lane, attempts=[], standing=recording.ended(row, etat, why), state=state)
        self._plan_commit()

    def _plan_commit(self) -> None:
        if not self._committing:
            self._committing = True
            self._threads.later(self._settings.deliver_commit, partial(self.commit_with, _nothing, self._committed))

    def _committed(self, _result: None) -> None:
        self._committing = False
        if self._book:
            self._plan_commit()

    def commit_with(self, read: Callable[[psycopg.Connection], _T], then: Callable[[_T], None]) -> None:
        """Record the gathered results, then read, in one turn of the ledger thread."""
        page, lanes = self._book.tear()

        def recorded(found: _T) -> None:
            for endpoint, lane in lanes:
                endpoint.recorded(lane)
            then(found)

        self._threads.submit("ledger", partial(_record_and_read, self._conn, page, read), recorded)


def reading(conn: psycopg.Connection, read: Callable[[psycopg.Connection], _T]) -> _T:
    """Read in a transaction of its own."""
    with conn.transaction():
        return read(conn)


def _record_and_read(conn: psycopg.Connection, page: Results, read: Callable[[psycopg.Connection], _T]) -> _T:
    if page:
        ledger.commit(conn, page)
    return reading(conn, read)


def _nothing(_conn: psycopg.Connection) -> None:
    """Read nothing."""


def _stop(conn: psycopg.Connection, subscription: Subscription) -> None:
    with conn.transaction():
        ledger.stop(conn, subscription.id, subscription.version)
