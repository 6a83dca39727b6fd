"""The relay on a real broker and database: order, headers, crash between acknowledgement and mark, standby."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from helpers.vrsb_file import Foyer, Who, mensuel
from helpers.wait import eventually

from bus import kafka, topics
from bus.codec import Codec
from bus.platform import Platform
from bus.platform.ports import free_port
from bus.registry import Registry, apply_contract
from bus.settings import Settings
from bus.vault.provisioning import create_secrets
from producers.ingest import Ingest
from producers.registry import SOURCES


class Relay:
    """One ``bus relay`` process."""

    def __init__(self, settings: Settings, folder: Path, **env: str) -> None:
        self.port = free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}
        given = {
            "BUS_DATA_DIR": str(folder / "donnees"),
            "BUS_DATABASE_URL": str(settings.database_url),
            "BUS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap),
            "BUS_REGISTRY_URL": str(settings.registry_url),
            "BUS_METRICS_PORT": str(self.port),
        }
        self.log = folder / f"relais-{self.port}.log"
        with self.log.open("ab") as out:
            command = [sys.executable, "-m", "guichet", "relay"]
            self.process = subprocess.Popen(command, env=clean | given | env, stdout=out, stderr=out)

    def page(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=5) as answer:
                return str(answer.read(), "utf-8")
        except (urllib.error.URLError, ConnectionError):
            return ""

    def ready(self) -> bool:
        return "ready" in self.page("ready")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


class Bench:
    """The outbox and the topics behind it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.conn = psycopg.connect(str(settings.database_url), autocommit=True)
        self.codec = Codec(Registry(str(settings.registry_url)))
        self.relays: list[Relay] = []
        self.consumer = Consumer(
            {
                "bootstrap.servers": str(settings.kafka_bootstrap),
                "group.id": uuid.uuid4().hex,
                "enable.auto.commit": False,
            }
        )

    def relay(self, **env: str) -> Relay:
        one = Relay(self.settings, self.folder, **env)
        self.relays.append(one)
        return one

    def close(self) -> None:
        for one in self.relays:
            one.stop()
        self.consumer.close()
        self.conn.close()

    def listen(self) -> None:
        """Read ``evenements`` and ``flux`` from their present ends."""
        places = [(topics.EVENEMENTS, number) for number in range(12)] + [(topics.FLUX, 0)]
        ends = [self.consumer.get_watermark_offsets(TopicPartition(*place), timeout=30)[1] for place in places]
        self.consumer.assign([TopicPartition(*place, end) for place, end in zip(places, ends, strict=True)])

    def ingest(self, people: int) -> str:
        """Take in a monthly of new people; gives its flux id."""
        caisse = uuid.uuid4().hex[:3].upper()  # of this file alone: what another file lacks is not absent
        crowd = [
            Foyer(numero=uuid.uuid4().hex[:11].upper(), numorg=caisse, who=(Who(prenom=uuid.uuid4().hex),))
            for _ in range(people)
        ]
        path = self.folder / f"{uuid.uuid4().hex}.xml"
        path.write_bytes(mensuel(*crowd, jour="2026-03-05").octets())
        with Ingest(self.settings) as ingestion:
            report = ingestion.file(path, SOURCES["cnaf"])
        assert report.verdict.value == "accepte", report.detail
        return report.flux

    def rows(self, flux: str) -> list[tuple[int, str, str, bool]]:
        """Give (seq, event id, key, published) of what a flux owes, in order."""
        found = self.conn.execute(
            "select seq, event_id::text, key, published_at is not null, type, version, body from journal.outbox"
            " order by seq"
        )
        return [row[:4] for row in found.fetchall() if self._cause(row[4], row[5], row[6]) == flux]

    def _cause(self, kind: str, version: int, body: bytes | None) -> str:
        return (
            str(self.codec.envelope(self.codec.frame(kind, version, bytes(body)))["cause"]["flux_id"]) if body else ""
        )

    def published(self, flux: str) -> None:
        eventually(lambda: all(row[3] for row in self.rows(flux)), timeout=60, what="every row marked")

    def records(self, flux: str, count: int) -> list[Message]:
        """Wait for so many records of a flux."""
        found: list[Message] = []

        def enough() -> bool:
            message = self.consumer.poll(0.2)
            if message is not None and not message.error() and self._flux_of(message) == flux:
                found.append(message)
            return len(found) >= count

        eventually(enough, timeout=60, what=lambda: f"{count} records, {len(found)} read")
        return found

    def _flux_of(self, message: Message) -> str:
        value = message.value()
        return "" if value is None else str(self.codec.envelope(value)["cause"]["flux_id"])


@pytest.fixture
def bench(platform: Platform, tmp_path: Path) -> Iterator[Bench]:
    topics.apply(platform.settings)
    apply_contract(Registry(str(platform.settings.registry_url)))
    create_secrets(platform.settings.data_dir / "secrets")
    secrets = platform.settings.data_dir / "secrets" / "ingest"
    one = Bench(platform.settings.model_copy(update={"secrets_dir": secrets}), tmp_path)
    # The platform is shared by the session: what other tests left unpublished is not ours to publish.
    one.conn.execute("update journal.outbox set published_at = now() where published_at is null")
    one.listen()
    yield one
    one.close()


def test_events_are_published_in_order_under_their_headers_and_marked(bench: Bench) -> None:
    flux = bench.ingest(40)
    relay = bench.relay()

    records = bench.records(flux, 41)
    bench.published(flux)

    rows = bench.rows(flux)
    headers = [dict(record.headers() or []) for record in records]
    assert {header["ce_id"].decode() for header in headers} == {row[1] for row in rows}
    assert {record.key().decode() for record in records} == {row[2] for row in rows}
    assert {record.topic() for record in records if record.key().decode() == flux} == {topics.FLUX}
    assert all(header["content-type"] == b"application/avro" and "ce_autorite" not in header for header in headers)
    by_partition: dict[int, list[int]] = {}
    seq = {row[1]: row[0] for row in rows}
    for record, header in zip(records, headers, strict=True):
        if record.topic() == topics.EVENEMENTS:
            by_partition.setdefault(record.partition(), []).append(seq[header["ce_id"].decode()])
    assert all(order == sorted(order) for order in by_partition.values())
    assert 'bus_events_processed_total{event_type="rsa.etat.publie",result="ok",stage="relay"} 40.0' in relay.page(
        "metrics"
    )


def test_a_row_without_body_is_an_erasure_tombstone(bench: Bench) -> None:
    subject = f"s-{uuid.uuid4().hex}"
    bench.conn.execute(
        "insert into journal.outbox (event_id, topic, key, type, version, body, observed_at)"
        " values (gen_random_uuid(), %s, %s, 'effacement', 1, null, now())",
        (topics.EVENEMENTS, subject),
    )
    bench.relay()

    def tombstone() -> bool:
        message = bench.consumer.poll(0.2)
        return message is not None and message.key() == subject.encode() and message.value() is None

    eventually(tombstone, timeout=60, what="a record with a key and no value")


def test_a_relay_killed_between_acknowledgement_and_mark_publishes_again_under_the_same_ids(bench: Bench) -> None:
    (bench.folder / "relay.after_ack@1#1").touch()
    flux = bench.ingest(20)
    killed = bench.relay(BUS_FAILPOINTS_DIR=str(bench.folder))
    assert killed.process.wait(60) == -signal.SIGKILL
    assert not any(row[3] for row in bench.rows(flux))

    bench.relay()
    records = bench.records(flux, 42)
    bench.published(flux)

    ids = [dict(record.headers() or [])["ce_id"].decode() for record in records]
    assert sorted(ids) == sorted([row[1] for row in bench.rows(flux)] * 2)


def test_one_relay_is_active_and_another_takes_over(bench: Bench) -> None:
    active = bench.relay()
    eventually(active.ready, timeout=60, what="a first relay ready")
    standby = bench.relay()
    eventually(standby.ready, timeout=60, what="a standby healthy")
    flux = bench.ingest(3)
    bench.published(flux)
    assert "rsa.etat.publie" not in standby.page("metrics")

    active.process.kill()
    bench.published(bench.ingest(3))

    assert "rsa.etat.publie" in standby.page("metrics")
    assert standby.stop() == 0


def test_a_registry_without_the_contract_is_named_with_its_remedy(bench: Bench) -> None:
    bench.ingest(1)
    empty = bench.relay(BUS_REGISTRY_URL="http://127.0.0.1:9/apis/ccompat/v7", BUS_KAFKA_BOOTSTRAP="127.0.0.1:9")

    eventually(lambda: "publication failed" in empty.log.read_text(encoding="utf-8"), timeout=60, what="a warning")
    assert not empty.ready()
    assert empty.stop() == 0


def test_rows_published_a_year_ago_are_deleted(bench: Bench) -> None:
    old = bench.conn.execute(
        "insert into journal.outbox (event_id, topic, key, type, version, body, observed_at, published_at)"
        " values (gen_random_uuid(), 'flux', 'k', 't', 1, null, now(), now() - interval '13 months') returning seq"
    ).fetchone()
    bench.relay()

    eventually(
        lambda: not bench.conn.execute("select from journal.outbox where seq = %s", old).fetchall(),
        timeout=60,
        what="the old row gone",
    )
    assert kafka.reachable(bench.settings)
