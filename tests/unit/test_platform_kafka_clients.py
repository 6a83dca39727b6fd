import re
from datetime import UTC, datetime

import pytest
from confluent_kafka import KafkaError

from bus import kafka, refusals
from bus.errors import Misconfigured, Unavailable
from bus.settings import Settings

ENVELOPE = {
    "id": "6d3f6f3e-4d0c-5f62-9a6c-2f0d6a3b8c11",
    "type": "rsa.droits_devoirs.entree",
    "source": "cnaf/caf-521",
    "date_observation": datetime(2026, 11, 24, 7, 30, 0, 250_000, UTC),
}


def test_headers_copy_the_fields_of_the_event() -> None:
    headers = dict(kafka.event_headers(ENVELOPE))

    assert headers["ce_id"] == ENVELOPE["id"].encode()  # type: ignore[attr-defined]  # a string among other values
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"rsa.droits_devoirs.entree"
    assert headers["ce_source"] == b"cnaf/caf-521"
    assert headers["ce_time"] == b"2026-11-24T07:30:00.250000Z"
    assert headers["content-type"] == b"application/avro"
    assert "ce_autorite" not in headers


def test_a_routed_event_names_its_authority() -> None:
    assert ("ce_autorite", b"52") in kafka.event_headers(ENVELOPE, "52")


def test_the_date_of_observation_may_be_avros_microseconds() -> None:
    micros = int(ENVELOPE["date_observation"].timestamp() * 1_000_000)  # type: ignore[attr-defined]  # a datetime here

    assert kafka.event_headers({**ENVELOPE, "date_observation": micros}) == kafka.event_headers(ENVELOPE)


def test_a_trace_is_the_same_at_every_replay_and_well_formed() -> None:
    first, again = (kafka.header(kafka.event_headers(ENVELOPE), "traceparent") for _ in range(2))

    assert first == again
    assert first is not None
    assert re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-01", first)


def test_a_trace_that_comes_with_the_cause_is_kept() -> None:
    given = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    assert kafka.header(kafka.event_headers(ENVELOPE, traceparent=given), "traceparent") == given


def test_a_client_without_a_broker_address_says_what_to_do() -> None:
    with pytest.raises(Misconfigured, match="BUS_KAFKA_BOOTSTRAP"):
        kafka.producer(Settings(kafka_bootstrap=None))


@pytest.mark.parametrize(
    ("code", "fate"),
    [
        (KafkaError._ALL_BROKERS_DOWN, Unavailable),
        (KafkaError.NOT_ENOUGH_REPLICAS, Unavailable),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Misconfigured),
        (KafkaError._AUTHENTICATION, Misconfigured),
    ],
)
def test_an_error_of_the_client_has_one_of_our_fates(code: int, fate: type[Exception]) -> None:
    assert type(refusals.fate(KafkaError(code))) is fate


def test_nothing_is_reachable_where_nobody_listens(unused_port: int) -> None:
    assert not kafka.reachable(Settings(kafka_bootstrap=f"127.0.0.1:{unused_port}"))
