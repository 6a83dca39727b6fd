"""The platform that the other tests stand on: what it acknowledged survives kill -9 of any of its servers."""

import uuid
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import TopicPartition
from helpers.wait import eventually

import bus.platform
from bus import kafka, topics
from bus.errors import Misconfigured, Refused
from bus.platform.containers import RunningPlatform
from bus.platform.postgres import Postgres, database
from bus.platform.process import Identity
from bus.registry import Registry
from bus.settings import Settings


def values(settings: Settings, topic: str, expected: int) -> list[bytes]:
    """Read a one-partition topic from its beginning until ``expected`` records have come."""
    consumer = kafka.consumer(settings, f"test-{uuid.uuid4()}")
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[bytes] = []

    def more() -> bool:
        for message in consumer.consume(1000, 0.5):
            kafka.raise_for(message)
            found.append(message.value())
        return len(found) >= expected

    try:
        eventually(more, timeout=60, what=lambda: f"{expected} records, got {len(found)}")
    finally:
        consumer.close()
    return found


def test_declared_topics_are_created_once_and_found_as_declared(platform: RunningPlatform) -> None:
    topics.apply(platform.settings)

    assert topics.apply(platform.settings) == []
    topics.check(platform.settings)


def test_a_topic_that_differs_is_refused_with_key_expected_and_found(
    platform: RunningPlatform, make_topic: Callable[..., str]
) -> None:
    name = make_topic(partitions=2)
    wanted = topics.Topic(name, 3, "tests", "un test", 1)

    with pytest.raises(Misconfigured, match=f"{name} : partitions attendu 3, trouvé 2"):
        topics.apply(platform.settings, (wanted,))


def test_a_person_goes_to_the_partition_that_java_clients_would_choose(
    platform: RunningPlatform, make_topic: Callable[..., str]
) -> None:
    topic = make_topic(partitions=12)
    seen: dict[bytes, int] = {}
    producer = kafka.producer(platform.settings)

    for key in (b"21", b"foobar", b"a-little-bit-long-string"):
        producer.produce(topic, b"x", key, on_delivery=lambda _, m: seen.update({m.key(): m.partition()}))
    producer.flush()

    # murmur2 of these keys, from the tests of Kafka's own client (org.apache.kafka.common.utils.UtilsTest)
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert seen == {key: (value & 0x7FFFFFFF) % 12 for key, value in hashes.items()}


def test_acknowledged_records_survive_kill_9_of_the_broker(
    platform: RunningPlatform, make_topic: Callable[..., str]
) -> None:
    topic = make_topic()
    producer = kafka.producer(platform.settings)
    sent = [str(number).encode() for number in range(5000)]
    for value in sent:
        producer.produce(topic, value)
    producer.flush()

    platform.kill("kafka")
    platform.restart("kafka")

    assert values(platform.settings, topic, len(sent)) == sent


def test_a_producer_rides_out_a_broker_that_is_killed_and_comes_back(
    platform: RunningPlatform, make_topic: Callable[..., str]
) -> None:
    topic = make_topic()
    producer = kafka.producer(platform.settings)
    producer.produce(topic, b"before")
    producer.flush()

    platform.kill("kafka")
    producer.produce(topic, b"meanwhile")
    platform.restart("kafka")
    producer.flush(60)

    assert values(platform.settings, topic, 2) == [b"before", b"meanwhile"]


def test_a_schema_keeps_its_id_over_kill_9_of_the_registry(platform: RunningPlatform) -> None:
    assert platform.settings.registry_url is not None
    name = f"Essai{uuid.uuid4().hex}"
    schema = {"type": "record", "name": name, "fields": [{"name": "a", "type": "string"}]}
    before = Registry(platform.settings.registry_url).register(name, schema)

    platform.kill("registre")
    platform.restart("registre")

    assert Registry(platform.settings.registry_url).id_of(name, schema) == before


def test_committed_rows_survive_kill_9_of_the_database(platform: RunningPlatform) -> None:
    dsn = str(platform.settings.database_url)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("create table if not exists public.essai (n int)")
        conn.execute("truncate public.essai")
        conn.execute("insert into public.essai select generate_series(1, 1000)")

    platform.kill("base")
    platform.restart("base")

    with psycopg.connect(dsn, autocommit=True) as conn:
        assert conn.execute("select count(*), sum(n) from public.essai").fetchone() == (1000, 500_500)
        conn.execute("drop table public.essai")


def test_a_second_platform_on_the_same_data_is_refused_and_told_why(platform: RunningPlatform) -> None:
    folder = platform.settings.data_dir

    with pytest.raises(Refused, match=f"déjà {folder}"):
        bus.platform.start(folder, artifacts_dir=platform.settings.artifacts_dir)


def test_commands_share_one_database_and_the_last_one_stops_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=None)
    pid_file = Postgres(tmp_path.resolve()).pid_file

    with database(settings) as first:
        server = Identity.read(pid_file)
        with database(settings) as second:
            assert Identity.read(pid_file) == server
            assert second.database_url == first.database_url
        with psycopg.connect(str(first.database_url)) as conn:
            tables = conn.execute("select count(*) from pg_tables where schemaname = 'vault'").fetchone()

    assert server is not None
    assert tables is not None
    assert tables[0] > 0
    assert not server.alive()


def test_a_configured_database_is_used_as_it_is(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://example.org/bus")

    with database(settings) as lent:
        assert lent is settings
    assert list(tmp_path.iterdir()) == []
