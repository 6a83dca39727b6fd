"""The relay: publishes the outbox in commit order and marks rows once the broker has acknowledged them.

A crash between acknowledgement and mark publishes those rows again, under the same ids: consumers know them.
"""

import gc
import time
from collections import Counter
from typing import Any, Final

import psycopg

import avro_schemas
from bus import access, db, failpoints, kafka
from bus.codec import EVENT_VERSION, Codec
from bus.errors import Misconfigured, Unavailable
from bus.measuring import ERASURE, Fate, Stage, processed
from bus.registry import Registry
from bus.role import admit
from bus.settings import Settings
from bus.stopping import StopEvent
from bus.telemetry.logs import get_logger
from producers.journal.outbox import CHANNEL

CHUNK: Final = 5_000
POLL_SECONDS: Final = 0.1
KEEP_MONTHS: Final = 12
PURGE_SECONDS: Final = 3_600.0
PURGE_ROWS: Final = 10_000
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 5.0)
_log = get_logger()

_READ: Final = """
select seq, topic, key, type, version, body, event_id, source, observed_at from journal.outbox
 where published_at is null order by seq limit %s
"""


class Relay:
    """The relay role. One is active at a time (``LOCK_RELAY``); another waits, healthy, to take over."""

    def __init__(self, settings: Settings) -> None:
        if settings.registry_url is None:
            raise Misconfigured("aucun registre de schémas : indiquez BUS_REGISTRY_URL ou démarrez la plateforme")
        self._settings = settings
        self._registry = Registry(settings.registry_url, settings.data_dir / "registre-cache")
        self._codec = Codec(self._registry)
        self._healthy = False
        self._producer: kafka.BusProducer | None = None
        self._purged = float("-inf")

    def prepare(self) -> None:
        """Tell what is missing or unsafe before the database is asked for anything."""
        access.client_config(self._settings)

    def ready(self) -> bool:
        """Tell whether the database answers and the last publication, if any, went well."""
        return self._healthy

    def run(self, stop: StopEvent) -> None:
        """Publish until told to stop.

        Raises:
            Misconfigured: a schema is not in the registry, or Kafka refuses this role.
            Unavailable: the database has gone; the broker's absences are waited out.
        """
        with db.connect(self._settings, "bus_relay", autocommit=True) as conn:
            self._healthy = True
            if self._become_active(conn, stop):
                conn.execute(f"listen {CHANNEL}")
                self._publish_forever(conn, stop)

    def stop(self) -> None:
        """Give the producer back; what it still holds is read again."""
        self._healthy = False
        self._drop_producer()

    def _become_active(self, conn: psycopg.Connection, stopped: StopEvent) -> bool:
        while not stopped.is_set():
            row = conn.execute("select pg_try_advisory_lock(%s)", (db.LOCK_RELAY,)).fetchone()
            if row is not None and row[0]:
                return True
            stopped.wait(1.0)
        return False

    def _publish_forever(self, conn: psycopg.Connection, stopped: StopEvent) -> None:
        failures = 0
        while not stopped.is_set():
            try:
                published = self._publish(conn)
            except Unavailable as error:
                self._drop_producer()
                self._healthy = False
                _log.warning("publication failed", reason=str(error))
                stopped.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                failures += 1
                continue
            failures, self._healthy = 0, True
            if published < CHUNK:
                self._purge(conn)
                self._wait(conn, published)

    def _publish(self, conn: psycopg.Connection) -> int:
        """Publish the next chunk; gives how many rows. Nothing is marked that was not acknowledged."""
        producer = self._ready_producer()  # with nothing to publish too: a broker that differs is told at once
        rows = conn.execute(_READ, (CHUNK,), binary=True).fetchall()
        if not rows:
            return 0
        start = time.perf_counter()
        for row in rows:
            self._send(producer, row)
        producer.flush()
        failpoints.hit("relay.after_ack")
        conn.execute("update journal.outbox set published_at = now() where seq = any(%b)", ([row[0] for row in rows],))
        _measure(rows, time.perf_counter() - start)
        return len(rows)

    def _send(self, producer: kafka.BusProducer, row: tuple[Any, ...]) -> None:
        _, topic, key, type_, version, body, event_id, source, observed_at = row
        if body is None:  # an erasure tombstone: no value, nothing to say of it
            producer.produce(topic, None, key)
            return
        value = self._codec.frame(type_, version, body)
        said = {"id": event_id, "type": type_, "source": source, "date_observation": observed_at}
        producer.produce(topic, value, key, headers=kafka.event_headers(said))

    def _ready_producer(self) -> kafka.BusProducer:
        if self._producer is None:
            admit("relay", self._settings, self._registry)
            self._check_schemas()
            self._producer = kafka.producer(self._settings)
        return self._producer

    def _check_schemas(self) -> None:
        """Fail at once, naming the remedy, when the registry lacks a schema that we may write."""
        for type_, version in EVENT_VERSION.items():
            if version in avro_schemas.versions(type_):
                self._codec.frame(type_, version, b"")

    def _drop_producer(self) -> None:
        """Throw away a producer that failed, with what it still holds: the rows are read again, in order.

        Kept, it could deliver its queue after the rows that a new one sends.
        """
        self._producer = None
        gc.collect()  # its callbacks refer to it: only the collector destroys the client, at once rather than one day

    def _wait(self, conn: psycopg.Connection, published: int) -> None:
        if published == 0:
            for _ in conn.notifies(timeout=POLL_SECONDS, stop_after=1):
                return

    def _purge(self, conn: psycopg.Connection) -> None:
        """Delete rows published more than 12 months ago, some at a time."""
        if time.monotonic() - self._purged < PURGE_SECONDS:
            return
        deleted = conn.execute(
            "delete from journal.outbox where published_at < now() - make_interval(months => %s)"
            " and seq in (select seq from journal.outbox order by seq limit %s)",
            (KEEP_MONTHS, PURGE_ROWS),
        ).rowcount
        if deleted < PURGE_ROWS:
            self._purged = time.monotonic()


def _measure(rows: list[tuple[Any, ...]], seconds: float) -> None:
    fates = Counter((ERASURE if row[5] is None else row[3], Fate.OK.value) for row in rows)
    processed(Stage.RELAY, fates, seconds)
