"""What the watcher shows of retention, losses and quarantine, from a real broker."""

import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client import REGISTRY

from bus import kafka
from bus.platform import Platform
from watch import quarantine
from watch.lag_meter import LagMeter
from watch.lag_metrics import publish
from watch.quarantine import QuarantineMeter

DAY = 86_400


def expire(platform: Platform, topic: str, before: int) -> None:
    """Have the broker delete records, as retention does."""
    admin = AdminClient({"bootstrap.servers": platform.settings.kafka_bootstrap})
    for future in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        future.result(20)


def fill(platform: Platform, topic: str, *motifs: str, etape: str = "stream", age: float = 0) -> None:
    client = Producer({"bootstrap.servers": platform.settings.kafka_bootstrap})
    for motif in motifs:
        headers = {"etape": etape, "motif": motif, "topic": "evenements", "partition": "0", "offset": "7"}
        client.produce(topic, b"x", headers=headers, timestamp=int((time.time() - age) * 1000), partition=0)
    assert client.flush(20) == 0


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


@pytest.fixture
def topic(make_topic: Callable[..., str]) -> str:
    return make_topic()


def test_a_group_shows_where_it_stands_what_it_lost_and_how_long_it_has(platform: Platform, topic: str) -> None:
    group = f"test-{uuid.uuid4()}"
    fill(platform, topic, *["x"] * 10)
    client = kafka.consumer(platform.settings, group)
    client.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
    client.close()
    meter = LagMeter(platform.settings, {group: (topic,)})

    def lost() -> float | None:
        publish(meter.measure(), meter.retentions())
        return value("bus_consumer_records_lost_total", consumer_group=group, topic=topic)

    try:
        assert lost() == 0
        assert value("bus_consumer_committed_offset", consumer_group=group, topic=topic, partition="0") == 3
        assert value("bus_topic_retention_seconds", topic=topic) == DAY
        expire(platform, topic, 6)
        assert [lost(), lost()] == [3, 3]
        expire(platform, topic, 8)
        assert lost() == 5
        assert value("bus_consumer_lag_records", consumer_group=group, topic=topic, partition="0") == 2
    finally:
        meter.close()


@pytest.fixture
def meter(platform: Platform, topic: str) -> Iterator[QuarantineMeter]:
    found = QuarantineMeter(platform.settings, topic)
    yield found
    found.close()


def test_the_quarantine_is_told_by_cause_as_it_fills_and_expires(
    platform: Platform, topic: str, meter: QuarantineMeter
) -> None:
    assert meter.measure() == {}
    fill(platform, topic, "hors_schema", "hors_schema", "commune_inconnue", age=3 * DAY / 4)
    fill(platform, topic, "hors_schema", etape="deliver")

    found = meter.measure()
    quarantine.publish(found)

    assert {one: count for one, (count, _) in found.items()} == {
        ("stream", "hors_schema"): 2, ("stream", "commune_inconnue"): 1, ("deliver", "hors_schema"): 1,
    }  # fmt: skip
    oldest = value("bus_quarantine_oldest_message_timestamp_seconds", stage="stream", reason="hors_schema") or 0
    assert abs(time.time() - 3 * DAY / 4 - oldest) < 120
    assert value("bus_quarantine_messages", stage="stream", reason="type_inconnu") == 0
    expire(platform, topic, 2)
    quarantine.publish(meter.measure())
    assert value("bus_quarantine_messages", stage="stream", reason="hors_schema") == 0
    assert value("bus_quarantine_oldest_message_timestamp_seconds", stage="stream", reason="hors_schema") == 0
    assert value("bus_quarantine_messages", stage="deliver", reason="hors_schema") == 1


def test_a_watcher_that_starts_again_finds_what_was_there(
    platform: Platform, topic: str, meter: QuarantineMeter
) -> None:
    fill(platform, topic, *["avro_illisible"] * 3)
    fill(platform, topic, "autre chose")

    first = meter.measure()
    again = QuarantineMeter(platform.settings, topic)
    try:
        assert again.measure() == first == meter.measure()
    finally:
        again.close()
    assert {one: count for one, (count, _) in first.items()} == {
        ("stream", "avro_illisible"): 3,
        ("stream", "autre"): 1,
    }
