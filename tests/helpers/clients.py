"""One run that tells every type of event, and what our own clients say of it."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition
from helpers.capture import Capture, capturing
from helpers.scene import DAYS, DURING_ROTATION, UNE, Day
from helpers.subscribers import Subscriber
from helpers.system import System, reported, running
from helpers.wait import eventually

from bus.codec import Codec
from bus.registry import Registry
from bus.topics import EVENEMENTS, FLUX, QUARANTAINE
from guichet.demo.subscriber import secret_file

SUBSCRIBER = Subscriber("cd-52", ("52",))
TOLD = ("rsa.", "adresse.changee", "contact.mis_a_jour")
PREFIX = "departement."


@dataclass(frozen=True)
class Read:
    """One record as our own client and codec read it. ``event`` is None for a null value."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: dict[str, str]
    size: int
    event: dict[str, Any] | None

    @property
    def place(self) -> tuple[str, int, int]:
        return self.topic, self.partition, self.offset


@dataclass
class Scene:
    """The system, what it was given, and what a subscriber received."""

    system: System
    folder: Path
    capture: Capture
    old: str
    new: str
    reports: list[dict[str, Any]] = field(default_factory=list)
    records: list[Read] = field(default_factory=list)

    @cached_property
    def env(self) -> dict[str, str]:
        """What the pages ask their reader to set."""
        found = self.system.status()["plateforme"]
        return {
            "BUS_DATA_DIR": str(self.system.data),
            "BUS_KAFKA_BOOTSTRAP": found["kafka"]["bootstrap_servers"],
            "BUS_REGISTRY_URL": found["registre"]["url"],
        }

    def drop(self, day: Day) -> None:
        self.reports += reported(self.system.drop(day.write(self.folder)))

    def settle(self) -> None:
        """Wait until every event is published, routed or in quarantine, and told to the subscriber."""
        eventually(lambda: not self._missing(), timeout=120, what=lambda: f"nothing missing: {self._missing()}")

    def _missing(self) -> dict[str, int]:
        self.records = read_all(self.env)
        published = self.ids(EVENEMENTS)
        decided = sum(sum(report["evenements"].values()) for report in self.reports)
        owed = {event["id"] for event in self.events(f"{PREFIX}52.evenements") if owes(event)}
        counts = {
            "published": decided - len(published | self.ids(FLUX)),
            "routed": len(published ^ (self.ids(QUARANTAINE) | self.ids(PREFIX))),
            "delivered": len(owed ^ {json.loads(one.body)["id"] for one in self.capture.taken()}),
        }
        return {name: count for name, count in counts.items() if count}

    def events(self, prefix: str) -> list[dict[str, Any]]:
        return [one.event for one in self.records if one.topic.startswith(prefix) and one.event is not None]

    def ids(self, prefix: str) -> set[str]:
        return {event["id"] for event in self.events(prefix)}


def owes(event: dict[str, Any]) -> bool:
    """Say whether the subscriber is told an event of its topic."""
    return str(event["type"]).startswith(TOLD)


@contextmanager
def playing(folder: Path) -> Iterator[Scene]:
    """Run the scene to its end: files, deliveries, a rotation of the secret, an erasure."""
    files = folder / "fichiers"
    files.mkdir()
    soon = json.dumps([0.5] * 500)
    patience = {"BUS_DELIVER_LADDER": soon, "BUS_DELIVER_PROBES": soon}
    with running(folder / "bus", **patience) as system, capturing() as capture:
        file = secret_file(system.data, SUBSCRIBER.name)
        new = "whsec_" + base64.b64encode(os.urandom(32)).decode()
        scene = Scene(system, files, capture, file.read_text("ascii"), new)
        subscription = folder / "abonnement.toml"
        subscription.write_text(SUBSCRIBER.toml(capture.port), encoding="utf-8")
        system.bus("subscription", "apply", str(subscription))
        for day in DAYS:
            scene.drop(day)
        eventually(lambda: capture.attempts, timeout=60, what="a first attempt")
        capture.open = True  # late: what is signed now is read by the tests within its five minutes
        scene.settle()
        file.write_text(f"{scene.new}\n{scene.old}\n", encoding="ascii")
        capture.signatures = 2
        scene.drop(DURING_ROTATION)
        scene.settle()
        system.bus("personne", "effacer", stdin=f"{UNE.nir}\n")
        eventually(lambda: _tombstone(scene), timeout=60, what="the tombstone of the erased person")
        yield scene


def _tombstone(scene: Scene) -> bool:
    scene.records = read_all(scene.env)
    return any(one.event is None for one in scene.records if one.topic == EVENEMENTS)


def read_all(env: dict[str, str]) -> list[Read]:
    """Read every record of the topics that partners may see, with our client and our codec."""
    codec = Codec(Registry(env["BUS_REGISTRY_URL"], None))
    consumer = Consumer(
        {
            "bootstrap.servers": env["BUS_KAFKA_BOOTSTRAP"],
            "group.id": "temoin",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        partitions = [
            TopicPartition(name, number, OFFSET_BEGINNING)
            for name, topic in consumer.list_topics(timeout=30).topics.items()
            if name in (EVENEMENTS, FLUX, QUARANTAINE) or name.startswith(PREFIX)
            for number in topic.partitions
        ]
        consumer.assign(partitions)
        return [_read(message, codec) for message in _messages(consumer, len(partitions))]
    finally:
        consumer.close()


def _messages(consumer: Consumer, partitions: int) -> Iterator[Message]:
    ended = 0
    while ended < partitions:
        message = consumer.poll(30)
        assert message is not None, "the broker has stopped answering"
        if message.error():
            ended += 1
        else:
            yield message


def _read(message: Message, codec: Codec) -> Read:
    headers = {name: value.decode() for name, value in message.headers() or ()}
    value = message.value()
    event = None if value is None else codec.decode(value)
    size = -1 if value is None else len(value)
    return Read(message.topic(), message.partition(), message.offset(), message.key().decode(), headers, size, event)


def as_json(value: Any) -> Any:
    """Write a decoded value as the page on kafkajs says: ISO dates, ISO instants with six decimals, base64 bytes."""
    match value:
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {name: as_json(inner) for name, inner in value.items()}
        case list():
            return [as_json(inner) for inner in value]
        case _:
            return value
