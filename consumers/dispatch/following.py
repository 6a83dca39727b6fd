"""What goes with time: the subscriptions in force followed, what has ended or is too old, what is shown of them all."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import psycopg

from bus.telemetry.logs import get_logger
from consumers.dispatch import board
from consumers.dispatch.clerk import reading
from consumers.dispatch.roster import Roster
from consumers.dispatch.threads import Threads
from consumers.ledger import ledger
from consumers.ledger.fates import Why
from consumers.ledger.records import LaneState
from consumers.ledger.release import released
from consumers.settings import DeliverSettings
from consumers.subscriptions import in_force
from consumers.subscriptions.in_force import InForce
from consumers.subscriptions.subscription import Subscription

log = get_logger()

_SWEEP_SECONDS: Final = 10.0
_BACKLOG_SECONDS: Final = 5.0
_ENDED: Final = Why.TERMINE.value
_TOO_OLD: Final = Why.TROP_VIEILLE.value


class Following:
    """Keeps the roster in step with the subscriptions; lives in the loop, reads by a connection of its own."""

    def __init__(self, settings: DeliverSettings, threads: Threads, conn: psycopg.Connection, roster: Roster) -> None:
        self._settings = settings
        self._threads = threads
        self._conn = conn
        self._roster = roster
        self._in_force = InForce(-1, {}, frozenset())
        self._next_sweep = self._next_backlog = 0.0

    def stopped(self, name: str) -> None:
        """Count a subscription as stopped by its receiver, before the ledger says so."""
        self._in_force = replace(self._in_force, stopped=self._in_force.stopped | {name})

    async def look(self, ledger_conn: psycopg.Connection) -> None:
        """Follow the subscriptions of now, and do what is due: ended ones, old ones, counts."""
        read = partial(_changed, known=self._in_force.revision)
        found = await self._threads.call("subscriptions", partial(reading, self._conn, read))
        if found is not None:
            self._in_force = found
            self._roster.reopen(await self._threads.call("subscriptions", partial(reading, self._conn, released)))
        now = datetime.now(UTC)
        await self._follow(
            {name: one for name, one in self._in_force.in_force.items() if now < one.ends_at}, ledger_conn
        )
        self._housekeep(now - timedelta(days=self._settings.deliver_patience_days))

    async def _follow(self, active: Mapping[str, Subscription], conn: psycopg.Connection) -> None:
        held: list[LaneState] = []
        if self._roster.strangers(active):
            held = await self._threads.call("ledger", partial(reading, conn, ledger.held))
        self._roster.follow(active, self._in_force.stopped, held)

    def _housekeep(self, oldest: datetime) -> None:
        moment = time.monotonic()
        if moment >= self._next_sweep:
            self._next_sweep = moment + _SWEEP_SECONDS
            self._threads.submit("subscriptions", partial(_sweep, self._conn, oldest))
        if moment >= self._next_backlog:
            self._next_backlog = float("inf")  # one look at a time
            states = {name: board.state(one) for name, one in self._roster.endpoints.items()}
            look = partial(board.look, self._conn, states, self._settings.deliver_deadline)
            self._threads.submit("subscriptions", look, self._looked)

    def _looked(self, found: board.Look) -> None:
        self._next_backlog = time.monotonic() + _BACKLOG_SECONDS
        board.show(self._roster.endpoints.values(), found)


def _changed(conn: psycopg.Connection, known: int) -> InForce | None:
    """Give the subscriptions when they have changed since the revision that is known."""
    return in_force.load(conn) if in_force.revision(conn) != known else None


def _sweep(conn: psycopg.Connection, oldest: datetime) -> None:
    with conn.transaction():
        withdrawn = ledger.withdraw_ended(conn, _ENDED)
        parked = ledger.park_older(conn, oldest, _TOO_OLD)
    if withdrawn or parked:
        log.warning("deliveries ended without delivery", withdrawn=withdrawn, parked=parked)
