"""The role ``deliver``: one process takes the lock and works, a second one waits to take over.

Sharing lanes between dispatchers that work at the same time (buckets leased in SQL) is not built: the lock makes the
second one a standby. An unavailable dependency is tried again for a while, then the process stops.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
import uvloop

from bus.codec import Codec
from bus.db import LOCK_DELIVER, connect
from bus.errors import Misconfigured, Unavailable
from bus.registry import Registry
from bus.registry_mode import check_mode
from bus.sealing import KekRing
from bus.telemetry.door import serve
from bus.telemetry.logs import get_logger
from bus.vault.holding import holding
from consumers.connectors.registry import connectors
from consumers.dispatch.dispatcher import Connections, Dispatcher
from consumers.ledger import ledger
from consumers.ledger.intake import Intake, Tools
from consumers.payload.preparation import Preparation
from consumers.settings import DeliverSettings
from consumers.subscriptions.pseudonym import Pseudonyms

log = get_logger()

_ROLE: Final = "bus_deliver"
_PATIENCE: Final = 120.0  # seconds without any success before the process stops
_PAUSE: Final = 1.0
_STANDBY: Final = 0.5


@dataclass(slots=True)
class Health:
    """Whether this process is the one that delivers, and since when nothing works."""

    ready: bool = False
    failing_since: float | None = None


def run(settings: DeliverSettings, stop: threading.Event) -> None:
    """Deliver until ``stop``.

    Raises:
        Misconfigured: a secret or an address is missing.
        Unavailable: a dependency stayed away for two minutes.
    """
    health = Health()
    server = serve(settings.metrics_port, lambda: health.ready)
    log.info("role started", metrics_port=server.port)
    try:
        while not stop.is_set():
            try:
                _work(settings, stop, health)
            except Unavailable as error:
                _bear(error, health)
                stop.wait(_PAUSE)
    finally:
        server.close()


def _bear(error: Unavailable, health: Health) -> None:
    """Go on after a failure unless it has lasted; a run that became ready in between starts the count again."""
    now = time.monotonic()
    since = now if health.ready or health.failing_since is None else health.failing_since
    health.ready, health.failing_since = False, since
    if now - since > _PATIENCE:
        raise error
    log.warning("dependency unavailable, trying again", reason=str(error))


def _work(settings: DeliverSettings, stop: threading.Event, health: Health) -> None:
    """Take the lock, then read and send until ``stop`` or a failure; everything is rebuilt after a failure."""
    ring, pseudonyms = KekRing.load(settings.secrets_dir), Pseudonyms.load(settings.secrets_dir)
    if settings.registry_url is None:
        raise Misconfigured("aucun registre de schémas : indiquez BUS_REGISTRY_URL ou démarrez la plateforme")
    registry = Registry(settings.registry_url)
    check_mode(registry)
    with ExitStack() as stack:
        stack.enter_context(holding(settings, _ROLE, ring))
        owner = stack.enter_context(closing(connect(settings, _ROLE)))
        if not _take_lock(owner, stop):
            return
        reader, watcher = (stack.enter_context(closing(connect(settings, _ROLE))) for _ in range(2))
        for conn in (owner, watcher):
            ledger.plan_for_growth(conn)
        opener = stack.enter_context(closing(connect(settings, _ROLE, autocommit=True)))
        connections = Connections(owner, watcher, Preparation(opener, ring, Codec(registry)))

        async def main() -> None:
            dispatcher = Dispatcher(settings, connections, connectors(settings))
            tools = Tools(reader, Codec(registry), pseudonyms, dispatcher.notify)
            with _intake(settings, tools, dispatcher, health):
                await dispatcher.run(stop)

        uvloop.run(main())


def _take_lock(conn: psycopg.Connection, stop: threading.Event) -> bool:
    """Become the one that delivers; waits as standby while another is. False when told to stop first."""
    waited = False
    while not stop.is_set():
        with _database():
            row = conn.execute("select pg_try_advisory_lock(%s)", (LOCK_DELIVER,)).fetchone()
            conn.commit()
        if row is not None and row[0]:
            return True
        if not waited:
            log.info("standing by: another dispatcher is at work")
            waited = True
        stop.wait(_STANDBY)
    return False


@contextmanager
def _intake(settings: DeliverSettings, tools: Tools, dispatcher: Dispatcher, health: Health) -> Iterator[None]:
    """Run intake in a thread as long as the block; its failure is the dispatcher's."""
    halt = threading.Event()

    def read() -> None:
        try:
            with closing(Intake(settings, tools)) as intake, _database():
                intake.start()
                health.ready = True
                while not halt.is_set():
                    intake.step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the loop must hear of it and end
            dispatcher.fail(error)

    thread = threading.Thread(target=read, name="intake")
    thread.start()
    try:
        yield
    finally:
        halt.set()
        # The loop must keep turning: intake may be telling it something.
        thread.join()


@contextmanager
def _database() -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise Unavailable("la base PostgreSQL ne répond plus") from error
