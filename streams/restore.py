"""Bring a partition's store up to date with its changelog before anything of that partition is handled.

A record of the changelog is applied unless the store already holds a later state of that person. That happens when a
process that had lost the partition (stopped longer than its session) wrote once more: the later state is then appended
again, so that the last record of each key stays the truth.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from bus import kafka, topics
from bus.errors import Unavailable
from bus.settings import Settings
from bus.telemetry.logs import get_logger
from streams.encoding import decode, echeances, encode, head
from streams.facets.echeances import moves
from streams.identity import Logs
from streams.store import Meta, Store

GROUP: Final = "bus-stream-etat"  # a name for the client; nothing is ever committed under it
MAX_AGE: Final = 3 * 86_400.0  # seconds: well under the changelog's delete.retention.ms, so no erasure is missed
BATCH: Final = 5_000
PATIENCE: Final = 30.0  # seconds without an answer

Append = Callable[[int, dict[bytes, bytes | None]], int | None]
"""Write changes to the changelog of a partition and wait for the acknowledgement; gives the offset after the last."""

log = get_logger()


class Interrupted(Exception):
    """The restoration was told to stop."""


class Restorer:
    """Reads changelogs, one partition at a time, in one thread."""

    def __init__(self, settings: Settings, logs: Logs, append: Append) -> None:
        self._client = kafka.consumer(settings, GROUP, **{"enable.partition.eof": True, "fetch.wait.max.ms": 10})
        self._logs, self._append = logs, append

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def restore(self, partition: int, store: Store, stop: threading.Event) -> None:
        """Make a store reflect its changelog up to its present end.

        Raises:
            Interrupted: ``stop`` was set.
            Unavailable: the broker does not answer.
        """
        started, (low, high) = time.monotonic(), self._ends(topics.ETAT_PERSONNES, partition)
        if _foreign(store.meta, self._logs.changelog, low, high):
            store.clear()
        if store.meta.journal != self._logs.journal:
            store.write({}, replace(store.meta, journal=self._logs.journal, folded_to=-1))
        start = max(store.meta.next_offset, low)
        read = self._read(partition, store, start, stop) if start < high else 0
        self._forget_lost(partition, store)
        log.info("state restored", partition=partition, records=read, seconds=round(time.monotonic() - started, 3))

    def _read(self, partition: int, store: Store, start: int, stop: threading.Event) -> int:
        """Apply the records from ``start`` to the end; gives how many."""
        self._client.assign([TopicPartition(topics.ETAT_PERSONNES, partition, start)])
        repairs: dict[bytes, bytes | None] = {}
        count, patience = 0, time.monotonic() + PATIENCE
        try:
            while True:
                if stop.is_set():
                    raise Interrupted
                messages, ended = _split(self._client.consume(BATCH, timeout=0.05))
                if messages:
                    patience = time.monotonic() + PATIENCE
                    count += len(messages)
                    self._apply(store, messages, repairs)
                if ended:
                    break
                if time.monotonic() > patience:
                    raise Unavailable(f"lecture de {topics.ETAT_PERSONNES} interrompue")
        finally:
            self._client.unassign()
        if repairs:
            log.warning("state repaired in the changelog", partition=partition, records=len(repairs))
            self._append(partition, repairs)  # read again at the next opening: then nothing differs
        return count

    def _apply(self, store: Store, messages: list[Message], repairs: dict[bytes, bytes | None]) -> None:
        changes: dict[bytes, bytes | None] = {}
        before: dict[bytes, bytes | None] = {}
        waiting, folded = store.meta.waiting, store.meta.folded_to
        for message in messages:
            key, value = message.key(), message.value()
            known = changes[key] if key in changes else before.setdefault(key, store.get(key))
            old, new = known and head(known), value and head(value)
            if old and new and old.journal == new.journal and new.vu < old.vu:
                repairs[key] = known
                continue
            repairs.pop(key, None)
            changes[key] = value
            waiting += bool(new and new.waiting) - bool(old and old.waiting)
            folded = max(folded, new.vu) if new and new.journal == self._logs.journal else folded
        store.write(
            changes,
            Meta(
                changelog=self._logs.changelog,
                next_offset=messages[-1].offset() + 1,
                journal=self._logs.journal,
                folded_to=folded,
                waiting=waiting,
                written_at=time.time(),
            ),
            moves((key, echeances(before[key]), echeances(data)) for key, data in changes.items()),
        )

    def _forget_lost(self, partition: int, store: Store) -> None:
        """Forget offsets beyond the end of the source log: it has lost its tail, and other records will have them."""
        _, end = self._ends(topics.EVENEMENTS, partition)
        if store.meta.folded_to < end:
            return
        log.error("source log shorter than the state", partition=partition, end=end, folded_to=store.meta.folded_to)
        changes: dict[bytes, bytes | None] = {}
        for subject, data in store.items():
            state = decode(data)
            if state.journal == self._logs.journal and state.vu >= end:
                changes[subject] = encode(state._replace(vu=-1))
        self._append(partition, changes)
        store.write(changes, replace(store.meta, folded_to=end - 1))

    def _ends(self, topic: str, partition: int) -> tuple[int, int]:
        try:
            low, high = self._client.get_watermark_offsets(TopicPartition(topic, partition), timeout=PATIENCE)
        except KafkaException as error:
            raise self._client.fate(error) from error
        return low, high


def _foreign(meta: Meta, changelog: str, low: int, high: int) -> bool:
    """Tell whether a store cannot be brought up to date: another changelog, an impossible place in it, or too old."""
    if meta.next_offset == 0:
        return False
    misplaced = meta.changelog != changelog or meta.next_offset > high or meta.next_offset < low
    return misplaced or time.time() - meta.written_at > MAX_AGE


def _split(messages: list[Any]) -> tuple[list[Message], bool]:
    """Part the records from the mark that the end was reached; any other error is raised."""
    records, ended = [], False
    for message in messages:
        error = message.error()
        if error is None:
            records.append(message)
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's public name
            ended = True
        else:
            kafka.raise_for(message)
    return records, ended
