"""The role ``deliver``: one process takes the lock and works, a second one waits to take over.

Sharing lanes between dispatchers that work at the same time (buckets leased in SQL) is not built: the lock makes the
second one a standby.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Final

import psycopg
import uvloop

from bus.codec import Codec
from bus.db import LOCK_DELIVER, connect
from bus.errors import Misconfigured, Unavailable
from bus.registry import Registry
from bus.role import admit
from bus.roles import ROLES
from bus.sealing import KekRing
from bus.stopping import StopEvent
from bus.telemetry.logs import get_logger
from bus.vault.holding import holding
from consumers.connectors.registry import connectors
from consumers.dispatch.dispatcher import Connections, Dispatcher
from consumers.ledger import ledger
from consumers.ledger.intake import Intake, IntakeTools
from consumers.payload.preparation import Preparation
from consumers.settings import DeliverSettings
from consumers.subscriptions.pseudonym import Pseudonyms

log = get_logger()

_ACCOUNT: Final = str(ROLES["deliver"].database)
_STANDBY: Final = 0.5


class DeliverRole:
    """Delivers until it is told to stop; everything is made anew after a failure. See ``bus.role``."""

    def __init__(self, settings: DeliverSettings) -> None:
        if settings.registry_url is None:
            raise Misconfigured("aucun registre de schémas : indiquez BUS_REGISTRY_URL ou démarrez la plateforme")
        self._settings, self._url = settings, settings.registry_url
        self._open = ExitStack()
        self._ready = False

    def prepare(self) -> None:
        """Read the secrets and look at what is depended on, before the lock is waited for.

        Raises:
            Misconfigured: a secret is missing; or as ``bus.role.admit``.
            Unavailable: as ``bus.role.admit``.
        """
        self._ring = KekRing.load(self._settings.secrets_dir)
        self._pseudonyms = Pseudonyms.load(self._settings.secrets_dir)
        self._registry = Registry(self._url)
        admit("deliver", self._settings, self._registry)

    def ready(self) -> bool:
        """Tell whether this process is the one that delivers."""
        return self._ready

    def run(self, stop: StopEvent) -> None:
        """Take the lock, then read and send.

        Raises:
            Unavailable: a dependency does not answer.
        """
        self._open.enter_context(holding(self._settings, _ACCOUNT, self._ring))
        owner = self._connection()
        if _take_lock(owner, stop):
            uvloop.run(self._deliver(owner, stop))

    def stop(self) -> None:
        """Close every connection, which frees the lock."""
        self._ready = False
        self._open.close()

    def _connection(self, *, autocommit: bool = False) -> psycopg.Connection:
        return self._open.enter_context(closing(connect(self._settings, _ACCOUNT, autocommit=autocommit)))

    async def _deliver(self, owner: psycopg.Connection, stop: StopEvent) -> None:
        reader, watcher = self._connection(), self._connection()
        for conn in (owner, watcher):
            ledger.plan_for_growth(conn)
        opener = self._connection(autocommit=True)
        preparation = Preparation(opener, self._ring, Codec(self._registry))
        dispatcher = Dispatcher(self._settings, Connections(owner, watcher, preparation), connectors(self._settings))
        with self._intake(IntakeTools(reader, Codec(self._registry), self._pseudonyms, dispatcher.notify), dispatcher):
            await dispatcher.run(stop)

    @contextmanager
    def _intake(self, tools: IntakeTools, dispatcher: Dispatcher) -> Iterator[None]:
        """Run intake in a thread as long as the block; its failure is the dispatcher's."""
        halt = threading.Event()

        def read() -> None:
            try:
                with closing(Intake(self._settings, tools)) as intake, _database():
                    intake.start()
                    self._ready = True
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


def _take_lock(conn: psycopg.Connection, stop: StopEvent) -> bool:
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
def _database() -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise Unavailable("la base PostgreSQL ne répond plus") from error
