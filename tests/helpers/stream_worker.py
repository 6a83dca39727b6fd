"""`bus stream` as its users run it, what it should have said of given events, and what the topics hold."""

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import TopicPartition
from helpers.stream_cases import body, event
from helpers.wait import eventually

from bus import kafka, topics
from bus.codec import Codec
from bus.registry import Registry
from bus.settings import Settings
from streams.derivation import Deriver
from streams.encoding import decode
from streams.person import NOBODY, State
from streams.routing import Quarantine
from streams.step import step

OTHER = Path(__file__).with_name("stream_other.py")
Said = dict[tuple[str, str], bytes]
"""(authority, event id) → the value that its topic must hold."""


@dataclass
class Bench:
    """A real platform, and the memory of what was fed into it."""

    settings: Settings
    folder: Path
    derive: Deriver | None = None
    expected: Said = field(default_factory=dict)
    persons: dict[str, State] = field(default_factory=dict)
    order: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.codec = Codec(Registry(str(self.settings.registry_url)))
        self._producer = kafka.producer(self.settings)

    def feed(self, *records: dict[str, Any]) -> None:
        """Publish events as the relay does, and work out what must come of them."""
        for one in records:
            value = self.codec.frame(one["type"], 1, body(one))
            self._producer.produce(topics.EVENEMENTS, value, one["cle_personne"], headers=kafka.event_headers(one))
            self._expect(one, value)
        self._producer.flush()

    def feed_raw(self, key: str, value: bytes | None, headers: kafka.Headers | None = None) -> None:
        """Publish any bytes."""
        self._producer.produce(topics.EVENEMENTS, value, key, headers=headers)
        self._producer.flush()

    def _expect(self, one: dict[str, Any], value: bytes) -> None:
        seen, key = event(one), one["cle_personne"]
        after, outputs, decision = step(self.persons.get(key, NOBODY), seen, value, (key, 0, -1), self.derive)
        if isinstance(decision, Quarantine):
            return
        self.persons[key] = after
        for code, told, completed in outputs:
            self.expected[code, told.id] = completed
            self.order[code, key].append(told.id)

    def settle(self, *codes: str, timeout: float = 60) -> None:
        """Wait until the authority topics hold, for our persons, exactly what they must, copies aside, in order."""
        wanted = {place: value for place, value in self.expected.items() if place[0] in codes}
        eventually(
            lambda: wanted.keys() <= {(code, id_) for code in codes for _, id_, _ in self.routed(code)},
            timeout=timeout,
            what=lambda: f"{len(wanted)} outputs",
        )
        for code in codes:
            first: dict[str, list[str]] = defaultdict(list)
            for key, id_, value in self.routed(code):
                assert value == self.expected[code, id_], f"another value under {id_}"
                if id_ not in first[key]:
                    first[key].append(id_)
            for key, ids in first.items():
                assert ids == self.order[code, key], "order of a person"

    def routed(self, code: str) -> list[tuple[str, str, bytes]]:
        """Give (key, event id, value) of every record of an authority's topic about our persons."""
        return [
            (m.key().decode(), (kafka.header(m.headers(), "ce_id") or b"").decode(), m.value())
            for m in self.read(topics.departement(code))
            if m.key().decode() in self.persons
        ]

    def read(self, topic: str, partition: int = 0) -> list[Any]:
        """Give every record that a partition holds now."""
        client = kafka.consumer(self.settings, "tests", **{"fetch.wait.max.ms": 10})
        try:
            low, high = client.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            client.assign([TopicPartition(topic, partition, low)])
            found: list[Any] = []
            eventually(lambda: self._drain(client, found, high), timeout=20, what=lambda: f"end of {topic}")
            return found
        finally:
            client.close()

    @staticmethod
    def _drain(client: Any, found: list[Any], high: int) -> bool:
        for message in client.consume(1000, timeout=0.1):
            kafka.raise_for(message)
            found.append(message)
        position = client.position(client.assignment())[0].offset
        return bool(position >= high or high == 0)

    def states(self) -> dict[str, State]:
        """Give the last state of each of our persons in the changelog."""
        last = {key: rows[-1] for key, (_, rows) in self.changelog().items()}
        return {key: decode(data) for key, data in last.items() if data is not None}

    def changelog(self) -> dict[str, tuple[int, list[bytes | None]]]:
        """Give, for each of our persons, the partition and every state written so far."""
        found: dict[str, tuple[int, list[bytes | None]]] = {}
        for partition in range(12):
            for message in self.read(topics.ETAT_PERSONNES, partition):
                if message.key().decode() in self.persons:
                    found.setdefault(message.key().decode(), (partition, []))[1].append(message.value())
        return found

    def write_state(self, key: str, partition: int, data: bytes | None) -> None:
        """Write into the changelog as a worker does that has lost the partition and does not know it yet."""
        self._producer.produce(topics.ETAT_PERSONNES, data, key, partition=partition)
        self._producer.flush()

    def committed(self) -> int:
        """Give how many records the stream group has committed, all partitions together."""
        client = kafka.consumer(self.settings, "bus-stream")
        try:
            asked = [TopicPartition(topics.EVENEMENTS, partition) for partition in range(12)]
            return sum(max(0, one.offset) for one in client.committed(asked, timeout=10))
        finally:
            client.close()

    @contextmanager
    def worker(self, state: str = "etat", *, other: str | None = None, **env: str) -> Iterator["Worker"]:
        """Run one worker, of another release (``stream_other``) if asked; it is stopped whatever happens."""
        program = ("-m", "guichet", "stream") if other is None else (str(OTHER),)
        made = Worker(self, state, env | ({} if other is None else {"OTHER": other}), program)
        made.start()
        try:
            yield made
        finally:
            made.stop()


@dataclass
class Worker:
    """One `bus stream` process and its successors on the same state folder."""

    bench: Bench
    state: str
    env: dict[str, str]
    program: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, with no database and no secret in its environment."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}
        addresses = {
            "BUS_DATA_DIR": str(self.bench.folder / "vide"),
            "BUS_KAFKA_BOOTSTRAP": str(self.bench.settings.kafka_bootstrap),
            "BUS_REGISTRY_URL": str(self.bench.settings.registry_url),
            "BUS_STATE_DIR": str(self.bench.folder / self.state),
        }
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, *self.program], env=clean | addresses | self.env, stdout=out, stderr=out
            )

    @property
    def log(self) -> Path:
        return self.bench.folder / f"{self.state}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def code(self) -> int | None:
        """Give the exit code, None while it runs."""
        assert self.process is not None
        return self.process.poll()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def ended(self, timeout: float = 40) -> int:
        """Wait for the end; gives the exit code."""
        assert self.process is not None
        return self.process.wait(timeout)

    def said(self, text: str) -> int:
        """Give how often the log says something."""
        return self.log.read_text(encoding="utf-8").count(text)

    def stop(self) -> None:
        """End the process, gently if it can hear."""
        if self.code is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        try:
            self.ended(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        if self.code is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
            self.ended()
