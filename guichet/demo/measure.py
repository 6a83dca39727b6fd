"""What the bus itself says of the run, read from its database and from what the receivers kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import psycopg
from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from bus import topics
from bus.db import connect
from bus.kafka import consumer
from bus.settings import Settings
from guichet.demo.story import Numbers, from_webhook, numbers

_PEOPLE = "select count(distinct key) from journal.outbox where type like 'rsa.%%'"
_REFUSED = "select motif, count(*) from journal.flux where verdict = 'rejete' group by motif"
_ASIDE = "select coalesce(sum(rejets), 0) from journal.flux where verdict = 'accepte'"
_DELAYS = """
select coalesce(percentile_cont(0.5) within group (order by seconds), 0),
       coalesce(percentile_cont(0.99) within group (order by seconds), 0)
from (select extract(epoch from a.at - f.received_at)::float + a.duration_ms / 1000.0 as seconds
      from ledger.attempt a join ledger.delivery d using (seq)
      join ledger.event e on (e.event_id, e.autorite) = (d.event_id, d.autorite)
      join journal.flux f on f.flux_id = e.flux_id
      where a.outcome = 'success') as delays
"""
_OWED = "select count(*) from ledger.delivery where etat = 'en_attente'"
_UNPUBLISHED = "select count(*) from journal.outbox where published_at is null"


def measured(settings: Settings, kept: list[Path], month: str) -> Numbers:
    """Give the numbers that the run has produced."""
    with connect(settings, "bus_guichet", autocommit=True) as conn:
        return numbers(
            [from_webhook(body) for body in bodies(kept)],
            month,
            people=_number(conn, _PEOPLE),
            quarantined=quarantined(settings),
            refused_files={str(motif): int(count) for motif, count in conn.execute(_REFUSED).fetchall()},
            refused_records=_number(conn, _ASIDE),
        )


def delays(settings: Settings) -> tuple[float, float]:
    """Give the median and the 99th percentile, in seconds, from the arrival of a file to the receiver's answer."""
    with connect(settings, "bus_guichet", autocommit=True) as conn:
        median, tail = conn.execute(_DELAYS).fetchone() or (0.0, 0.0)
    return float(median), float(tail)


def outstanding(settings: Settings) -> int:
    """Count what is still on its way in the journal and in the ledger."""
    with connect(settings, "bus_guichet", autocommit=True) as conn:
        return _number(conn, _UNPUBLISHED) + _number(conn, _OWED)


def bodies(kept: list[Path]) -> list[Mapping[str, Any]]:
    """Give each delivery once, as the receivers kept it."""
    first: dict[str, Mapping[str, Any]] = {}
    for path in kept:
        for line in path.read_bytes().splitlines() if path.exists() else []:
            record = orjson.loads(line)
            first.setdefault(record["webhook_id"], record["corps"])
    return list(first.values())


def quarantined(settings: Settings) -> dict[str, int]:
    """Count the records of the quarantine topic by reason."""
    reader = consumer(settings, "demonstration")
    found: dict[str, int] = {}
    try:
        partitions = reader.list_topics(topics.QUARANTAINE, timeout=30).topics[topics.QUARANTAINE].partitions
        places = [TopicPartition(topics.QUARANTAINE, number, OFFSET_BEGINNING) for number in partitions]
        left = sum(high - low for low, high in (reader.get_watermark_offsets(place, timeout=30) for place in places))
        reader.assign(places)
        while left > 0:
            message = reader.poll(30)
            if message is None:
                break
            if message.error() is None:
                left -= 1
                reason = dict(message.headers() or []).get("motif", b"?").decode()
                found[reason] = found.get(reason, 0) + 1
    finally:
        reader.close()
    return found


def _number(conn: psycopg.Connection, query: str) -> int:
    row = conn.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0
