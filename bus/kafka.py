"""Clients of the broker: the one place that knows confluent-kafka and the settings that our guarantees stand on."""

import hashlib
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from confluent_kafka import Message

from bus import access
from bus.clients import ADMIN_TIMEOUT, PARTITIONER, BusAdmin, BusConsumer, BusProducer, Headers
from bus.errors import BusError
from bus.reasons import Reason
from bus.refusals import fate
from bus.settings import Settings

CONTENT_TYPE: Final = b"application/avro"
PROBE_TIMEOUT: Final = 2.0
SESSION_TIMEOUT_MS: Final = 10_000
QUEUE_MESSAGES: Final = 200_000

__all__ = [
    "ADMIN_TIMEOUT",
    "PARTITIONER",
    "BusAdmin",
    "BusConsumer",
    "BusProducer",
    "Headers",
    "admin",
    "consumer",
    "event_headers",
    "header",
    "producer",
    "quarantine_headers",
    "raise_for",
    "reachable",
    "trace_of",
]


def producer(settings: Settings, *, linger_ms: float = 5) -> BusProducer:
    """Give an idempotent producer: acknowledged by all replicas, in order per partition, one person one partition.

    Args:
        settings: names the brokers.
        linger_ms: how long to wait for company; 5 for latency, 50–100 under a backlog (a sixth of the broker's CPU).
    """
    return BusProducer(
        {
            **access.client_config(settings),
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": PARTITIONER,
            "compression.type": "gzip"
            if linger_ms >= 50
            else "none",  # what every client reads; tiny batches gain nothing
            "linger.ms": linger_ms,
            "queue.buffering.max.messages": QUEUE_MESSAGES,
            "message.timeout.ms": 120_000,
        },
        access.principal(settings),
    )


def consumer(settings: Settings, group: str, **overrides: Any) -> BusConsumer:  # noqa: ANN401  librdkafka's values are of any type
    """Give a consumer that starts at the beginning and commits only when told to.

    Errors that may pass come from ``poll`` as messages with ``error()``; ``raise_for(message)`` gives them a fate. A
    refusal (password, certificate, right) is raised by ``poll`` as ``Misconfigured``.
    """
    config = {
        **access.client_config(settings),
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "session.timeout.ms": SESSION_TIMEOUT_MS,
        "partition.assignment.strategy": "cooperative-sticky",
        **overrides,
    }
    return BusConsumer(config, access.principal(settings))


def raise_for(message: Message) -> None:
    """Raise the fate of an error that ``poll`` returned; a message without one passes.

    Raises:
        Unavailable: the broker is away or the topic is not there (yet).
        Misconfigured: refused credentials or rights.
    """
    error = message.error()
    if error is not None:
        raise fate(error)


def admin(settings: Settings) -> BusAdmin:
    """Give a client that creates and describes topics, rights and accounts."""
    return BusAdmin(access.client_config(settings), access.principal(settings))


def reachable(settings: Settings) -> bool:
    """Say whether a broker answers with its metadata, within two seconds or so."""
    host, _, port = access.addresses(settings)[0].rpartition(":")
    try:
        socket.create_connection(
            (host.strip("[]"), int(port)), PROBE_TIMEOUT
        ).close()  # a client would log each refused attempt
        return bool(admin(settings).metadata(PROBE_TIMEOUT).brokers)
    except (OSError, BusError):
        return False


def event_headers(
    envelope: Mapping[str, Any], autorite: str | None = None, *, traceparent: str | bytes | None = None
) -> Headers:
    """Give the headers of an event: copies of its fields, CloudEvents' Kafka binding in binary mode.

    Args:
        envelope: the decoded event, or at least its ``id``, ``type``, ``source`` and ``date_observation``.
        autorite: the authority, on routed topics only.
        traceparent: the one of the record that this event comes from; without it one is derived from the event id, the
            same at every replay.

    Source: CloudEvents 1.0.2, Kafka protocol binding §3.2; W3C Trace Context, traceparent.
    """
    trace = traceparent or trace_of(str(envelope["id"]))
    headers = [
        ("ce_id", str(envelope["id"]).encode()),
        ("ce_specversion", b"1.0"),
        ("ce_type", str(envelope["type"]).encode()),
        ("ce_source", str(envelope["source"]).encode()),
        ("ce_time", _timestamp(envelope["date_observation"]).encode()),
        ("content-type", CONTENT_TYPE),
        ("traceparent", trace if isinstance(trace, bytes) else trace.encode()),
    ]
    return headers if autorite is None else [*headers, ("ce_autorite", autorite.encode())]


def quarantine_headers(
    headers: Sequence[tuple[str, Any]], *, etape: str, motif: Reason, place: tuple[str, int, int]
) -> list[tuple[str, Any]]:
    """Give the headers of a record put in quarantine: its own, which stage refused it and why, and where it stood.

    Args:
        headers: those of the record.
        etape: the stage.
        motif: why.
        place: topic, partition and offset of the record.
    """
    said = zip(("topic", "partition", "offset"), place, strict=True)
    added = [
        ("motif", motif.encode()),
        ("etape", etape.encode()),
        *[(name, str(value).encode()) for name, value in said],
    ]
    return [*headers, *added]


def header(headers: Sequence[tuple[str, bytes | str | None]] | None, name: str) -> bytes | None:
    """Give the last value of a header, None when it is absent."""
    for key, value in reversed(headers or ()):
        if key == name:
            return value.encode() if isinstance(value, str) else value
    return None


def trace_of(event_id: str) -> str:
    """Derive a sampled W3C ``traceparent`` from an event id."""
    digest = hashlib.sha256(event_id.encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"


def _timestamp(value: datetime | int) -> str:
    """Write a time as RFC 3339 in UTC, microseconds kept; an integer is Avro's timestamp-micros."""
    moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value / 1_000_000, UTC)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
