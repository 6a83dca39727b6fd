"""`bus deliver` on the real platform: who reads the authority topics, from where, and what cannot be read."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from helpers.delivered import FAST, arrived, delivering_apart, recorded, rounds, subscriber
from helpers.deliveries import Delivering, new_people, produce
from helpers.wait import eventually

from bus import kafka, topics
from bus.platform import Platform


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> Iterator[Delivering]:
    with delivering_apart(platform, tmp_path, **FAST) as found:
        yield found


def test_a_record_that_cannot_be_read_goes_to_quarantine_and_the_next_one_passes(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    mark = uuid.uuid4().hex.encode()
    producer = kafka.producer(world.settings)
    producer.produce(topics.departement("52"), b"\x00" + mark, "s-x")
    producer.flush()
    produce(world.settings, rounds(new_people(world.settings, 1), 1))

    world.deliver()
    arrived(receiver, 1)

    found = eventually(lambda: _quarantined(world, mark), timeout=30, what="the record in quarantine") or {}
    assert found["etape"] == b"deliver"
    assert found["motif"]
    assert found["topic"] == topics.departement("52").encode()


def _quarantined(world: Delivering, mark: bytes) -> dict[str, bytes] | None:
    """Give the headers of the record that carries the mark."""
    reader = kafka.consumer(world.settings, f"test-{uuid.uuid4().hex}")
    try:
        partitions = reader.list_topics(topics.QUARANTAINE, timeout=10).topics[topics.QUARANTAINE].partitions
        reader.assign([TopicPartition(topics.QUARANTAINE, number, OFFSET_BEGINNING) for number in partitions])
        for message in reader.consume(10_000, 2.0):
            if message.error() is None and mark in (message.value() or b""):
                return dict(message.headers())
        return None
    finally:
        reader.close()


def test_a_second_dispatcher_waits_and_takes_over(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    first = world.deliver()
    eventually(world.ready, timeout=60, what="the first one ready")
    world.deliver()
    produce(world.settings, rounds(new_people(world.settings, 2), 1))
    recorded(world, receiver, livree=2)
    assert not world.ready()

    first.kill()
    first.wait(30)
    eventually(world.ready, timeout=60, what="the second one ready")
    produce(world.settings, rounds(new_people(world.settings, 2), 1))

    arrived(receiver, 4)
    assert receiver.summary()["doublons"] == 0


def test_positions_that_kafka_has_forgotten_are_given_again_at_start_though_nothing_comes(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    first = world.deliver()
    eventually(world.ready, timeout=60, what="the dispatcher ready")
    produce(world.settings, rounds(new_people(world.settings, 1), 1))
    recorded(world, receiver, livree=1)
    first.terminate()
    first.wait(60)
    reader = kafka.consumer(world.settings, "bus-deliver")
    place = TopicPartition(topics.departement("52"), 0)
    try:
        last = reader.get_watermark_offsets(place, timeout=20)[1]
        kafka.admin(world.settings).delete_consumer_groups(["bus-deliver"])["bus-deliver"].result(20)
        assert reader.committed([place], timeout=20)[0].offset < 0, "forgotten, as after a week without a commit"

        world.deliver()

        eventually(
            lambda: reader.committed([place], timeout=20)[0].offset == last, timeout=60, what="the position given again"
        )
    finally:
        reader.close()
