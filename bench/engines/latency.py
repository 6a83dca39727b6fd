"""How long an event takes through an engine at a steady pace: from before it is produced to after it is consumed."""

import threading
import time
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

from bench.engines import events
from bench.engines.engine import Engine, stopped
from bench.engines.measure import prepare
from bench.engines.world import World
from bus import kafka, topics

RATE: Final = 500  # events per second
SECONDS: Final = 12
CUT: Final = 0.2  # of the events, at the start
WARM: Final = 2_000  # events sent at once before: joining, compiling
PATIENCE: Final = 120.0


def delays(engine: Engine, world: World) -> list[float]:
    """Give the delays in milliseconds, sorted, of an engine started on an empty input."""
    world.empty([topics.EVENEMENTS])
    names = prepare(engine, world)
    known = events.records(10_000, turns=1)  # first events: each is routed by its own territory
    process = engine.start(world, "append", linger_ms=5)
    reader = _reader(world, names)

    def alive() -> None:
        assert process.poll() is None, engine.said(world)

    try:
        _Feeder(world, list(islice(known, WARM)), 0).run()
        _received(reader, WARM, alive)
        feeder = _Feeder(world, list(islice(known, RATE * SECONDS)), RATE)
        feeder.start()
        arrived = _received(reader, RATE * SECONDS, alive)
        feeder.join()
    finally:
        stopped(process)
        reader.close()
    late = [1000 * (arrived[id_] - sent) for id_, sent in feeder.sent.items()]
    return sorted(late[int(len(late) * CUT) :])


class _Feeder(threading.Thread):
    """Produces events at a pace (0: at once) and remembers when."""

    def __init__(self, world: World, records: list[dict[str, Any]], rate: int) -> None:
        super().__init__(daemon=True)
        self.sent: dict[bytes, float] = {}
        self._producer, self._rate = kafka.producer(world.settings, linger_ms=0), rate
        self._ready = [(one["id"].encode(), one["cle_personne"], world.value(one, "append"), kafka.event_headers(one))
                       for one in records]  # fmt: skip

    def run(self) -> None:
        started = time.monotonic()
        for place, (id_, key, value, headers) in enumerate(self._ready):
            pause = started + place / self._rate - time.monotonic() if self._rate else 0.0
            if pause > 0:
                time.sleep(pause)
            self.sent[id_] = time.monotonic()
            self._producer.produce(topics.EVENEMENTS, value, key, headers=headers)
            self._producer.poll(0)
        self._producer.flush()


def _reader(world: World, names: list[str]) -> Consumer:
    reader = kafka.consumer(world.settings, "banc-lecture", **{"fetch.wait.max.ms": 100})
    reader.assign([TopicPartition(name, 0, 0) for name in names])
    return reader


def _received(reader: Consumer, count: int, alive: Callable[[], None]) -> dict[bytes, float]:
    """Wait for that many different events; gives when each was first seen."""
    found: dict[bytes, float] = {}
    deadline = time.monotonic() + PATIENCE
    while len(found) < count:
        message = reader.poll(0.2)
        alive()
        assert time.monotonic() < deadline, f"{len(found)} events of {count} in {PATIENCE:.0f} s"
        if message is not None:
            kafka.raise_for(message)
            found.setdefault(kafka.header(message.headers(), "ce_id") or b"", time.monotonic())
    return found
