"""The dispatcher: owed deliveries leave, lane by lane, within what each endpoint bears, and every result is recorded.

One asyncio loop decides and sends; threads of one worker each do what blocks (ledger; preparation; subscriptions). The
ledger thread writes results before it reads more, so that what is read is never older than what was decided.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psycopg

from consumers.connectors.port import Connector
from consumers.dispatch import board
from consumers.dispatch.clerk import Clerk
from consumers.dispatch.following import Following
from consumers.dispatch.roster import Roster
from consumers.dispatch.sending import Gear, Sending
from consumers.dispatch.threads import Threads
from consumers.dispatch.writing import Writing
from consumers.payload.preparation import Preparation
from consumers.settings import DeliverSettings

_TICK: Final = 0.05  # seconds between two looks at the clock
_PUMP: Final = 0.001  # seconds in which answers gather before the next deliveries are chosen
_LOOK_SECONDS: Final = 1.0
_WRITERS: Final = 32  # batches that may block at once, each in a thread: one slow receiver keeps one of them


@dataclass(frozen=True, slots=True)
class Connections:
    """One connection per thread; the one of ``preparation`` commits by itself."""

    ledger: psycopg.Connection
    subscriptions: psycopg.Connection
    preparation: Preparation


class Dispatcher:
    """Sends until told to stop; ``notify`` and ``fail`` come from any thread, all else runs in its loop."""

    def __init__(
        self, settings: DeliverSettings, connections: Connections, connectors: Mapping[str, Connector]
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._connectors = connectors
        self._loop = asyncio.get_running_loop()
        self._threads = Threads(self._loop, ledger=1, preparation=1, subscriptions=1, channel=_WRITERS)
        self._roster = Roster(settings, connectors)
        self._following = Following(settings, self._threads, connections.subscriptions, self._roster)
        self._clerk = Clerk(settings, self._threads, connections.ledger, self._roster)
        gear = self._gear()
        self._sending, self._writing = Sending(gear), Writing(gear)
        self._pumping = self._stopping = False
        self._next_look = 0.0

    def _gear(self) -> Gear:
        return Gear(
            settings=self._settings,
            threads=self._threads,
            roster=self._roster,
            clerk=self._clerk,
            preparation=self._connections.preparation,
            pump=self._plan_pump,
            stopped=self._following.stopped,
        )

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
            for connector in self._connectors.values():
                connector.close()
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

    async def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            await self._following.look(self._connections.ledger)
        self._pump()
        await self._pause()

    async def _drain(self) -> None:
        """Give what is in flight its whole deadline, then record everything."""
        self._stopping = True
        self._sending.stop()
        self._writing.stop()
        deadline = time.monotonic() + self._settings.deliver_timeout + 1
        while (self._sending.in_flight or self._writing.in_flight) and time.monotonic() < deadline:
            await self._pause()
        while not self._clerk.idle:
            await self._pause()

    async def _pause(self) -> None:
        """Let time pass; a failure anywhere ends the wait and the run."""
        await asyncio.wait({self._threads.failure}, timeout=_TICK)
        if self._threads.failure.done():
            self._threads.failure.result()

    def _plan_pump(self) -> None:
        """Pump once for all that happens within a millisecond: many answers, one pump."""
        if not self._pumping and not self._stopping:
            self._pumping = True
            self._loop.call_later(_PUMP, self._pump)

    def _pump(self) -> None:
        self._pumping = False
        if not self._stopping:
            self._sending.turn()
            self._writing.turn()
