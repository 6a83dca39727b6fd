"""Intake: from the authority topics into the ledger, exactly once.

Events, deliveries and offsets are written in one transaction; the offsets given to Kafka afterwards only feed lag
dashboards. Partitions are assigned by hand: the ledger, not the group, says where to go on. Kafka forgets the
offsets of such a group a week after they were given (offsets.retention.minutes): given again at start, daily.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from bus import kafka, topics
from bus.codec import Codec
from bus.errors import InvalidEvent
from bus.failpoints import hit
from bus.measuring import OTHER, Fate, Stage, declare, processed, put_aside
from bus.reasons import Reason
from bus.settings import Settings
from bus.telemetry.logs import get_logger
from bus.territory import served
from consumers.ledger import ledger
from consumers.ledger.merging import by_time
from consumers.ledger.records import Owed, Place
from consumers.subscriptions import in_force
from consumers.subscriptions.in_force import InForce
from consumers.subscriptions.pseudonym import Pseudonyms
from consumers.subscriptions.subscription import Subscription

GROUP: Final = "bus-deliver"
BATCH: Final = 500
CATCH_UP: Final = 5_000  # records of a batch after a start: what gathered on several topics is to meet in one
STAGE: Final = Stage.DELIVER
_POLL: Final = 0.2  # seconds
_CATCH_UP_PATIENCE: Final = 0.5  # seconds
_RECOMMIT: Final = 86_400.0  # seconds, far less than any broker forgets in
_SETTLE: Final = 10.0  # seconds after a start in which silence may only mean that the broker is not connected yet

log = get_logger()

Notify = Callable[[frozenset[str]], None]
"""Called after each transaction with the subscriptions that are owed something new."""


@dataclass(frozen=True, slots=True)
class IntakeTools:
    """What intake stands on."""

    conn: psycopg.Connection
    codec: Codec
    pseudonyms: Pseudonyms
    notify: Notify


class Intake:
    """Reads and writes batches; one thread."""

    def __init__(self, settings: Settings, tools: IntakeTools) -> None:
        self._settings = settings
        self._tools = tools
        self._in_force = InForce(-1, {}, frozenset())
        self._by_place: dict[tuple[str, str], list[Subscription]] = {}
        self._producer: kafka.BusProducer | None = None
        self._consumer: Consumer = kafka.consumer(settings, GROUP)
        self._cluster = ""
        self._positions: dict[Place, int] = {}
        self._behind = True  # since the start, there has always been more to read
        self._settled_at = 0.0
        self._recommit_at = float("inf")
        self._started = 0.0
        self._aside = 0  # records of this batch put in quarantine
        declare(STAGE)

    def start(self) -> None:
        """Go on where the ledger stands.

        Raises:
            Unavailable: the broker or the database does not answer.
        """
        try:
            self._cluster = self._consumer.list_topics(timeout=kafka.ADMIN_TIMEOUT).cluster_id
        except KafkaException as error:
            raise self._consumer.fate(error) from error
        self._positions = ledger.positions(self._tools.conn, self._cluster)
        self._tools.conn.rollback()
        self._settled_at = time.monotonic() + _SETTLE
        places = [(topics.departement(code), 0) for code in served(self._settings.autorites)]
        self._consumer.assign(
            [TopicPartition(*place, self._positions.get(place, OFFSET_BEGINNING)) for place in places]
        )
        self._recommit()

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def step(self) -> None:
        """Wait a moment for records and take what has come, at most a batch, in one transaction."""
        if time.monotonic() >= self._recommit_at:
            self._recommit()
        first = self._consumer.poll(_POLL)
        if first is None:
            self._behind = self._behind and time.monotonic() < self._settled_at
            return
        self._started = time.monotonic()
        size, patience = (CATCH_UP, _CATCH_UP_PATIENCE) if self._behind else (BATCH, 0.001)
        messages = [first, *self._consumer.consume(size - 1, patience)]
        self._behind = self._behind and len(messages) == size
        self._take(messages)

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            kafka.raise_for(message)
        messages, self._aside = by_time(messages), 0
        with self._tools.conn.transaction():
            self._refresh()
            owed = [event for message in messages if (event := self._owed(message)) is not None]
            if self._producer is not None:
                self._producer.flush()  # in quarantine before the offset says that it was seen
            moves = self._moves(messages)
            ledger.take(self._tools.conn, self._cluster, owed, moves)
        hit("deliver.after_intake")
        self._positions |= {place: position for place, (_, position) in moves.items()}
        self._tell(owed, moves)

    def _tell(self, owed: Sequence[Owed], moves: dict[Place, tuple[int, int]]) -> None:
        self._tools.notify(frozenset(name for event in owed for name, _ in event.recipients))
        self._commit({place: position for place, (_, position) in moves.items()})
        fates = Counter((event.type, (Fate.OWED if event.recipients else Fate.UNCLAIMED).value) for event in owed)
        if self._aside:
            fates[OTHER, Fate.QUARANTINED.value] = self._aside
        processed(STAGE, fates, time.monotonic() - self._started)

    def _recommit(self) -> None:
        """Give every known position again: an authority that gets nothing for weeks must not look never read."""
        self._recommit_at = time.monotonic() + _RECOMMIT
        self._commit(self._positions)

    def _commit(self, positions: Mapping[Place, int]) -> None:
        if positions:
            offsets = [TopicPartition(*place, position) for place, position in positions.items()]
            self._consumer.commit(offsets=offsets, asynchronous=True)

    def _refresh(self) -> None:
        """Judge each batch by the subscriptions of now: one applied before an event came must see it."""
        if in_force.revision(self._tools.conn) != self._in_force.revision:
            self._in_force = in_force.load(self._tools.conn)
            self._by_place.clear()

    def _moves(self, messages: Sequence[Message]) -> dict[Place, tuple[int, int]]:
        """Give, by partition, the position believed in and the one after this batch."""
        moves: dict[Place, tuple[int, int]] = {}
        for message in messages:
            place = (message.topic(), message.partition())
            if place in moves:
                moves[place] = (moves[place][0], message.offset() + 1)
                continue
            believed = self._positions.get(place, message.offset())
            if message.offset() > believed:
                # Kept apart from lost: a compacted or transactional topic would skip too, ours are neither.
                log.error("records expired before intake", topic=place[0], records=message.offset() - believed)
            moves[place] = (believed, message.offset() + 1)
        return moves

    def _owed(self, message: Message) -> Owed | None:
        """Give the event and whom it is owed to; None for a tombstone or a record put in quarantine."""
        value = message.value()
        if value is None:
            return None
        try:
            return self._entitle(self._tools.codec.envelope(value), message)
        except InvalidEvent as error:
            self._quarantine(message, error)
            return None

    def _entitle(self, envelope: dict[str, Any], message: Message) -> Owed:
        try:
            event_id = UUID(envelope["id"])
        except ValueError:
            raise InvalidEvent(Reason.IDENTIFIANT_INVALIDE, "id") from None
        authority = message.topic().split(".")[1]
        subject = envelope["cle_personne"]
        return Owed(
            event_id=event_id,
            autorite=authority,
            type=envelope["type"],
            subject_id=subject,
            lane=subject or (message.key() or b"").decode("utf-8", "replace") or envelope["cause"]["flux_id"],
            flux_id=envelope["cause"]["flux_id"],
            effective_on=envelope["date_effet"],
            published_at=envelope["date_publication"],
            value=message.value(),
            recipients=self._recipients(envelope, authority),
        )

    def _recipients(self, envelope: dict[str, Any], authority: str) -> tuple[tuple[str, str | None], ...]:
        now, subject = datetime.now(UTC), envelope["cle_personne"]
        type_, published_at = envelope["type"], envelope["date_publication"]
        return tuple(
            (one.id, self._tools.pseudonyms.of(one.organisation, subject) if subject else None)
            for one in self._candidates(type_, authority)
            if one.entitled(type_, authority, published_at, now)
        )

    def _candidates(self, type_: str, authority: str) -> list[Subscription]:
        """Give the subscriptions that may be entitled, looked up once per type and authority."""
        found = self._by_place.get((type_, authority))
        if found is None:
            found = self._by_place[type_, authority] = [
                one for one in self._in_force.in_force.values() if one.concerns(type_, authority)
            ]
        return found

    def _quarantine(self, message: Message, error: InvalidEvent) -> None:
        """Put a record that can never be read aside, as it is, with its reason and where it came from."""
        if self._producer is None:
            self._producer = kafka.producer(self._settings)
        place = (message.topic(), message.partition(), message.offset())
        headers = kafka.quarantine_headers(message.headers() or [], etape=STAGE, motif=error.reason, place=place)
        self._producer.produce(topics.QUARANTAINE, message.value(), message.key(), headers=headers)
        put_aside(STAGE, error.reason)
        self._aside += 1
        log.error("event quarantined", topic=message.topic(), offset=message.offset(), reason=error.reason)
