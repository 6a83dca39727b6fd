"""One batch: decide everything, then let the effects happen in the one order that loses nothing.

Outputs acknowledged → changelog acknowledged → local state written → (the lane) offsets committed. A crash anywhere
leaves a state that is at most as far as the outputs: a replayed record is either in the state, and skipped, or meets
the same prior state, and gives byte for byte the same outputs under the same ids.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, assert_never

from bus import topics
from bus.codec import EVENT_VERSION, Codec, encode_body
from bus.errors import InvalidEvent
from bus.failpoints import hit
from bus.kafka import BusProducer, Headers, event_headers, header, quarantine_headers
from bus.measuring import ERASURE, OTHER, Fate, Stage, declare, processed, put_aside
from bus.reasons import Reason
from bus.telemetry.metrics import CONTACT_WAIT
from bus.territory import authority_codes
from streams import derivations
from streams.batches import Fence
from streams.derivation import Deriver
from streams.event import Event
from streams.fold import waits
from streams.person import NOBODY, State
from streams.reading import EventReader
from streams.routing import Await, Quarantine, Route, Withhold
from streams.state import Changes, Partition, Persons, append, encoded
from streams.step import step

STAGE: Final = Stage.STREAM
SERVE_EVERY: Final = 200  # records between two looks at delivery reports

DESTINATION: Final = {code: topics.departement(code) for code in authority_codes()}

# Those that event_headers writes, in its order.
HEADERS: Final = ["ce_id", "ce_specversion", "ce_type", "ce_source", "ce_time", "content-type", "traceparent"]


class Consumed(Protocol):
    """A consumed record, as aiokafka gives it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(slots=True)
class Work:
    """What one batch changes in one partition, and how its events ended."""

    persons: Partition
    changes: Changes = field(default_factory=dict)
    fates: Counter[tuple[str, str]] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    last: int = -1  # greatest offset decided

    def person(self, key: bytes) -> State:
        """Give a person as this batch has left them so far."""
        return (self.changes[key] or NOBODY) if key in self.changes else self.persons.person(key)


class Handler:
    """Handles batches of ``evenements``; knows Kafka only through a producer, and no key of any kind."""

    def __init__(self, persons: Persons, codec: Codec, producer: BusProducer) -> None:
        self._persons, self._reader, self._producer = persons, EventReader(codec), producer
        self._journal = persons.logs.journal
        self._derive = _deriver(codec)
        declare(STAGE)

    async def handle(self, batch: Mapping[int, Sequence[Consumed]], fence: Fence) -> None:
        """Give a batch all its effects but the commit of its offsets.

        Args:
            batch: records by partition, in order.
            fence: raises if this process may have lost the partitions; called before anything later owners build on.

        Raises:
            Unavailable: the broker or the registry went away; nothing is committed, the batch is replayed.
        """
        started = time.monotonic()
        works = {partition: self._decide(partition, records) for partition, records in batch.items()}
        await self._flush()
        hit("stream.after_output")
        await fence()
        await self._remember({partition: work for partition, work in works.items() if work.changes})
        hit("stream.after_state")
        _count(works.values(), time.monotonic() - started)

    def _decide(self, partition: int, records: Sequence[Consumed]) -> Work:
        work = Work(self._persons[partition], last=records[-1].offset)
        for position, record in enumerate(records):
            work.fates[self._one(work, record)] += 1
            if position % SERVE_EVERY == SERVE_EVERY - 1:
                self._producer.poll(0)
        return work

    def _one(self, work: Work, record: Consumed) -> tuple[str, str]:
        """Decide one record and queue its outputs; gives its type and its fate."""
        if record.value is None:
            if record.key:
                work.changes[record.key] = None
            return ERASURE, Fate.FORGOTTEN.value
        try:
            seen, plain = self._reader.read(record.value)
        except InvalidEvent as error:
            return OTHER, self._quarantine(record, error.reason)
        return seen.type, self._known(work, record, seen, plain)

    def _known(self, work: Work, record: Consumed, seen: Event, plain: bytes) -> str:
        key = record.key or b""
        before = work.person(key)
        if before.reflects(self._journal, record.offset):
            return Fate.SEEN.value  # its outputs were acknowledged before that state was written
        at = (key.decode(errors="replace"), self._journal, record.offset)
        after, outputs, decision = step(before, seen, plain, at, self._derive)
        if isinstance(decision, Quarantine):
            return self._quarantine(record, decision.reason)
        work.changes[key] = after
        work.waits += waits(before, after)
        for code, event, value in outputs:
            self._producer.produce(DESTINATION[code], value, key, headers=_headers(record, event, code))
        match decision:
            case Route():
                return Fate.ROUTED.value
            case Await():
                return Fate.WAITS.value
            case Withhold():
                return Fate.WITHHELD.value
            case _:
                assert_never(decision)

    def _quarantine(self, record: Consumed, reason: Reason) -> str:
        """Put a record aside as it came: same key, same bytes, its headers, and where it came from."""
        place = (record.topic, record.partition, record.offset)
        headers = quarantine_headers(record.headers, etape=STAGE, motif=reason, place=place)
        self._producer.produce(topics.QUARANTAINE, record.value, record.key, headers=headers)
        put_aside(STAGE, reason)
        return Fate.QUARANTINED.value

    async def _remember(self, works: Mapping[int, Work]) -> None:
        """Changelog first, then the local stores: a store never knows more than the changelog."""
        rows = {partition: encoded(work.changes) for partition, work in works.items()}
        sent = {partition: append(self._producer, partition, data) for partition, data in rows.items()}
        await self._flush()
        hit("stream.after_changelog")
        for partition, data in rows.items():
            work, meta = works[partition], works[partition].persons.store.meta
            alone = sent[partition].after == meta.next_offset + len(data)
            work.persons.write(
                work.changes,
                data,
                replace(
                    meta,
                    changelog=self._persons.logs.changelog,
                    next_offset=meta.next_offset + len(data) if alone else meta.next_offset,
                    folded_to=work.last,
                    written_at=time.time(),
                ),
            )
            if not alone:  # a process that had lost this partition has written too
                await self._persons.catch_up(partition)
        self._persons.show()

    async def _flush(self) -> None:
        """Wait for the broker outside the event loop."""
        if len(self._producer):
            await asyncio.get_running_loop().run_in_executor(None, self._producer.flush)


def _deriver(codec: Codec) -> Deriver | None:
    """Give what applies the derivations; a type that the registry does not hold is refused at start."""

    def encode(type_: str, record: Mapping[str, Any]) -> bytes:
        return codec.frame(type_, EVENT_VERSION[type_], encode_body(type_, record))

    for one in derivations.DERIVATIONS:
        codec.frame(one.type, EVENT_VERSION[one.type], b"")
    return Deriver(encode, derivations.DERIVATIONS) if derivations.DERIVATIONS else None


def _count(works: Collection[Work], seconds: float) -> None:
    fates: Counter[tuple[str, str]] = Counter()
    for work in works:
        fates.update(work.fates)
        for wait in work.waits:
            CONTACT_WAIT.observe(wait)
    processed(STAGE, fates, seconds)


def _headers(record: Consumed, seen: Event, code: str) -> Headers:
    """Give the headers of a routed record: those the relay wrote, when they are this event's, and the authority."""
    if [name for name, _ in record.headers] == HEADERS and record.headers[0][1] == seen.id.encode():
        return [*record.headers, ("ce_autorite", code.encode())]
    fields = {"id": seen.id, "type": seen.type, "source": seen.source, "date_observation": seen.observe}
    return event_headers(fields, code, traceparent=header(record.headers, "traceparent"))
