"""The lag of stopped groups, measured on a real broker."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import Producer, TopicPartition
from helpers.wait import eventually

from bus import kafka, topics
from bus.platform import Platform
from watch.lag_meter import LagMeter

TEN_MINUTES = 600


def produce_old(platform: Platform, topic: str, count: int) -> None:
    client = Producer({"bootstrap.servers": platform.settings.kafka_bootstrap})
    for _ in range(count):
        client.produce(topic, b"x", timestamp=int((time.time() - TEN_MINUTES) * 1000), partition=0)
    assert client.flush(20) == 0


def commit(platform: Platform, group: str, topic: str, offset: int) -> None:
    client = kafka.consumer(platform.settings, group)
    client.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    client.close()


def test_a_stopped_group_is_as_late_as_its_first_unread_record(
    platform: Platform, make_topic: Callable[..., str]
) -> None:
    topic, group = make_topic(), f"test-{uuid.uuid4()}"
    produce_old(platform, topic, 10)
    meter = LagMeter(platform.settings, {group: (topic,)})

    try:
        [never] = meter.measure()
        commit(platform, group, topic, 7)
        [some] = meter.measure()
        commit(platform, group, topic, 10)
        [none] = meter.measure()
    finally:
        meter.close()

    assert never.records == 10
    assert TEN_MINUTES <= never.seconds <= TEN_MINUTES + 30
    assert some.records == 3
    assert TEN_MINUTES <= some.seconds <= TEN_MINUTES + 30
    assert (none.records, none.seconds) == (0, 0.0)


def test_two_groups_at_two_places_of_one_partition_are_both_dated(
    platform: Platform, make_topic: Callable[..., str]
) -> None:
    topic, one, other = make_topic(), f"test-{uuid.uuid4()}", f"test-{uuid.uuid4()}"
    produce_old(platform, topic, 5)
    commit(platform, other, topic, 3)
    meter = LagMeter(platform.settings, {one: (topic,), other: (topic,)})

    try:
        lags = {lag.group: lag for lag in meter.measure()}
    finally:
        meter.close()

    assert (lags[one].records, lags[other].records) == (5, 2)
    assert min(lag.seconds for lag in lags.values()) >= TEN_MINUTES


def test_the_watcher_shows_the_lag_and_stops_when_told(platform: Platform, tmp_path: Path) -> None:
    topics.apply(platform.settings)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}
    addresses = {"BUS_KAFKA_BOOTSTRAP": str(platform.settings.kafka_bootstrap), "BUS_DATA_DIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "guichet", "watch"], env=clean | addresses, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        port = re.search(r'"metrics_port": (\d+)', process.stderr.readline())
        assert port is not None
        shown = eventually(
            lambda: _metrics(int(port[1]), "bus_quarantine_messages{"), timeout=40, what="a first measure"
        )
        assert 'consumer_group="bus-stream"' in shown
        assert 'bus_topic_retention_seconds{topic="evenements"} 1.2096e+06' in shown
        assert 'bus_consumer_records_lost_total{consumer_group="bus-stream",topic="evenements"} 0.0' in shown
        assert 'bus_quarantine_messages{reason="commune_inconnue",stage="stream"}' in shown
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


def _metrics(port: int, wanted: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text: str = answer.read().decode()
    return text if wanted in text else ""
