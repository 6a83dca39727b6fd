"""The persons of the partitions this process holds: opened in the background, released at once."""

import asyncio
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bus import topics
from bus.kafka import BusProducer
from bus.settings import Settings
from bus.telemetry.metrics import CONTACTS_WAITING
from streams.encoding import decode, encode
from streams.facets.echeances import moves
from streams.identity import Logs
from streams.person import NOBODY, State
from streams.restore import Interrupted, Restorer
from streams.store import Meta, Store

CACHED: Final = 4_000  # persons kept decoded per partition, some 3 kB each; emptied when full

Changes = dict[bytes, State | None]


class Partition:
    """The persons of one partition, as of the last record whose effects are acknowledged."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._cache: dict[bytes, State] = {}

    def person(self, subject: bytes) -> State:
        """Give what is known of a person; ``NOBODY`` when nothing is."""
        known = self._cache.get(subject)
        if known is None:
            data = self.store.get(subject)
            known = NOBODY if data is None else decode(data)
            self._remember(subject, known)
        return known

    def write(self, changes: Changes, encoded: Mapping[bytes, bytes | None], meta: Meta) -> None:
        """Make acknowledged changes the local truth; counts the contacts that wait once they are."""
        pairs = [(subject, self.person(subject), state or NOBODY) for subject, state in changes.items()]
        waiting = sum(_waits(after) - _waits(before) for _, before, after in pairs)
        dates = moves((subject, before.echeances, after.echeances) for subject, before, after in pairs)
        self.store.write(encoded, replace(meta, waiting=self.store.meta.waiting + waiting), dates)
        for subject, _, after in pairs:
            self._remember(subject, after)

    def forget_cache(self) -> None:
        """Read the store again: it has been written from the changelog."""
        self._cache.clear()

    def _remember(self, subject: bytes, state: State) -> None:
        if len(self._cache) >= CACHED:
            self._cache.clear()
        self._cache[subject] = state


def _waits(state: State) -> bool:
    return state.attente_depuis is not None


@dataclass(frozen=True, slots=True)
class _Opening:
    stop: threading.Event
    future: "Future[Partition]"


class Persons:
    """Every partition that is open, or being opened, in this process."""

    def __init__(self, settings: Settings, folder: Path, logs: Logs, producer: BusProducer) -> None:
        self.logs = logs
        self._folder, self._producer = folder, producer
        self._restorer = Restorer(settings, logs, self._append)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="restore")  # the restorer has one reader
        self._open: dict[int, Partition] = {}
        self._opening: dict[int, _Opening] = {}

    def __getitem__(self, partition: int) -> Partition:
        return self._open[partition]

    def ready(self, wanted: Iterable[int]) -> set[int]:
        """Give those of ``wanted`` whose state is complete, and begin to open the others.

        Raises:
            Unavailable: a changelog could not be read.
        """
        for partition in wanted:
            if partition not in self._open and partition not in self._opening:
                stop = threading.Event()
                self._opening[partition] = _Opening(stop, self._thread.submit(self._restored, partition, stop))
        for partition, opening in list(self._opening.items()):
            if opening.future.done():
                del self._opening[partition]
                self._open[partition] = opening.future.result()
                self.show()
        return self._open.keys() & set(wanted)

    async def release(self) -> None:
        """Give up every partition: stop what is being restored, close what is open."""
        openings, self._opening = self._opening, {}
        for opening in openings.values():
            opening.stop.set()
        ends = [asyncio.wrap_future(opening.future) for opening in openings.values()]
        for end in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(end, Partition):
                end.store.close()
        for opened in self._open.values():
            opened.store.write({}, replace(opened.store.meta, written_at=time.time()))  # complete until now
            opened.store.close()
        self._open = {}
        self.show()

    async def catch_up(self, partition: int) -> None:
        """Read the tail of a changelog where somebody else has written, and repair what that undid."""
        opened = self._open[partition]
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._restorer.restore, partition, opened.store, threading.Event())
        opened.forget_cache()

    async def close(self) -> None:
        """Release everything and stop for good."""
        await self.release()
        self._thread.shutdown()
        self._restorer.close()

    def show(self) -> None:
        """Show how many contacts wait for an authority, in the partitions held here."""
        CONTACTS_WAITING.set(sum(opened.store.meta.waiting for opened in self._open.values()))

    def _restored(self, partition: int, stop: threading.Event) -> Partition:
        if stop.is_set():
            raise Interrupted
        store = Store(self._folder / f"partition-{partition:02d}")
        try:
            self._restorer.restore(partition, store, stop)
        except BaseException:
            store.close()
            raise
        return Partition(store)

    def _append(self, partition: int, changes: Mapping[bytes, bytes | None]) -> int | None:
        offsets = append(self._producer, partition, changes)
        self._producer.flush()
        return offsets.after


class Offsets:
    """Where the broker has put the records of one batch in one changelog partition."""

    def __init__(self) -> None:
        self.after: int | None = None

    def report(self, error: object, message: object) -> None:
        """Take a delivery report; the producer itself remembers a failure."""
        if error is None:
            self.after = message.offset() + 1  # type: ignore[attr-defined] # confluent-kafka has no types


def append(producer: BusProducer, partition: int, changes: Mapping[bytes, bytes | None]) -> Offsets:
    """Queue changes for the changelog of a partition; the offsets are known after the next ``flush``."""
    offsets = Offsets()
    for subject, data in changes.items():
        producer.produce(topics.ETAT_PERSONNES, data, subject, partition=partition, on_delivery=offsets.report)
    return offsets


def encoded(changes: Changes) -> dict[bytes, bytes | None]:
    """Give the bytes of changes, as they go into the changelog and into the store."""
    return {subject: None if state is None else encode(state) for subject, state in changes.items()}
