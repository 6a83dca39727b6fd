"""Subscribers of one test of ``bus deliver``, and waiting for what reaches them."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import TopicPartition
from confluent_kafka.admin import OffsetSpec
from helpers.deliveries import Delivering, Person, Receiving, delivering, entry
from helpers.wait import eventually

from bus import kafka, topics
from bus.platform import Platform
from bus.registry import Registry, apply_contract
from bus.settings import Settings
from bus.territory import authority_codes

FAST = {
    "BUS_DELIVER_LADDER": "[0.05, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]",
    "BUS_DELIVER_PROBES": "[0.2, 0.4]",
}


def name() -> str:
    return f"cd-{uuid.uuid4().hex[:8]}"


def subscriber(world: Delivering, **changes: Any) -> Receiving:
    """Give a subscribed receiver that does not answer yet."""
    one = world.receiver(name(), **changes)
    world.subscribe(f"o-{one.name}", one)
    return one


def arrived(receiver: Receiving, count: int, *, timeout: float = 60) -> None:
    eventually(
        lambda: len(receiver.bodies()) >= count,
        timeout=timeout,
        what=lambda: f"{count} deliveries at {receiver.name}, {len(receiver.bodies())} there",
    )


def recorded(world: Delivering, receiver: Receiving, **states: int) -> None:
    eventually(
        lambda: world.states(receiver.name) == states,
        timeout=60,
        what=lambda: f"{states}, found {world.states(receiver.name)}",
    )


def rounds(people: list[Person], count: int, authority: str = "52") -> list[dict[str, Any]]:
    return [entry(person, authority) for _ in range(count) for person in people]


@contextlib.contextmanager
def delivering_apart(platform: Platform, folder: Path, **env: str) -> Iterator[Delivering]:
    """Give a folder in which things may be delivered, and nothing of what other tests left on the topics."""
    topics.apply(platform.settings)
    apply_contract(Registry(str(platform.settings.registry_url)))
    _pass_over(platform.settings)
    with delivering(platform.settings, folder, **env) as found:
        yield found


def _pass_over(settings: Settings) -> None:
    """Let intake go on after all that the authority topics hold by now: other tests' events are owed to nobody here."""
    admin = kafka.admin(settings)
    cluster = admin.list_topics(timeout=20).cluster_id
    places = [TopicPartition(topics.departement(code), 0) for code in authority_codes()]
    ends = admin.list_offsets({place: OffsetSpec.latest() for place in places})
    with psycopg.connect(str(settings.database_url)) as conn:
        conn.cursor().executemany(
            'insert into ledger."offset" values (%s, %s, 0, %s)'
            " on conflict (cluster, topic, partition) do update set position = excluded.position",
            [(cluster, place.topic, found.result(20).offset) for place, found in ends.items()],
        )
