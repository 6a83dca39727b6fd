"""The stream stage on a real broker: what comes out, and where."""

from pathlib import Path
from typing import Any

import pytest
from helpers.stream_cases import body, record
from helpers.stream_lives import check_states, life, prepared, somebody
from helpers.stream_worker import Bench
from helpers.wait import eventually

from bus import kafka, topics
from bus.platform import Platform
from bus.platform.ports import free_port

LYON, TARARE = "69123", "69243"


@pytest.fixture
def bench(platform: Platform, tmp_path: Path) -> Bench:
    return prepared(platform, tmp_path)


def test_events_reach_each_authority_enriched_under_their_own_id(bench: Bench) -> None:
    bench.feed(*life(somebody()), *life(somebody(), ideparte="69", commune=LYON))
    bench.feed(*life(somebody(), ideparte="69", commune=TARARE))

    with bench.worker():
        bench.settle("52", "69M", "69D", "21")
        check_states(bench)

    [entry] = [v for _, _, v in bench.routed("69M") if bench.codec.decode(v)["type"] == "rsa.droits_devoirs.entree"]
    added = bench.codec.decode(entry)["enrichissement"]
    assert added["autorite"] == "69M"
    assert [part["octets"] for part in added["contact"]] == [b"first"]


def test_routed_records_carry_the_headers_of_the_contract(bench: Bench) -> None:
    one = record("rsa.droits_devoirs.entree", person=somebody(), ideparte="10")
    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    bench.feed_raw(
        one["cle_personne"], bench.codec.frame(one["type"], 1, body(one)), kafka.event_headers(one, traceparent=trace)
    )

    with bench.worker():
        eventually(lambda: bool(headers_of(bench, "10", one["id"])), timeout=40, what="the routed record")

    headers = headers_of(bench, "10", one["id"])
    assert headers["ce_autorite"] == b"10"
    assert headers["traceparent"] == trace
    assert headers["ce_type"] == b"rsa.droits_devoirs.entree"


def test_what_cannot_be_routed_is_put_aside_as_it_came_with_its_reason(bench: Bench) -> None:
    fine = record("rsa.droits_devoirs.entree", person=somebody())
    wrong: dict[bytes, bytes] = {
        b"avro_illisible": bench.codec.frame(fine["type"], 1, body(fine))[:-9],
        b"schema_inconnu": b"\x00\x7f\xff\xff\xff rien",
        b"cadre_confluent": b"<xml/>",
        b"commune_inconnue": framed(bench, fine, ideparte="69", commune_insee="00000"),
        b"autorite_inconnue": framed(bench, fine, ideparte="999", commune_insee=None),
        b"territoire_absent": framed(bench, fine, ideparte=None, commune_insee=None),
    }
    for value in wrong.values():
        bench.feed_raw(fine["cle_personne"], value, [("ce_id", fine["id"].encode())])

    with bench.worker():
        eventually(
            lambda: len(aside(bench, fine["cle_personne"])) == len(wrong),
            timeout=40,
            what="every wrong record put aside",
        )

    found = {dict(message.headers())["motif"]: message for message in aside(bench, fine["cle_personne"])}
    assert {reason: message.value() for reason, message in found.items()} == wrong
    for message in found.values():
        headers = dict(message.headers())
        assert (headers["etape"], headers["topic"], headers["ce_id"]) == (b"stream", b"evenements", fine["id"].encode())
        assert (int(headers["partition"]) in range(12), headers["offset"].isdigit()) == (True, True)


def test_a_record_under_a_foreign_key_is_put_aside(bench: Bench) -> None:
    one, key = record("rsa.droits_devoirs.entree", person=somebody()), somebody()
    bench.feed_raw(key, bench.codec.frame(one["type"], 1, body(one)))

    with bench.worker():
        eventually(lambda: bool(aside(bench, key)), timeout=40, what="the record put aside")

    assert dict(aside(bench, key)[0].headers())["motif"] == b"cle_differente"


def test_an_erased_person_is_forgotten(bench: Bench) -> None:
    person, other = somebody(), somebody()
    bench.feed(*life(person), *life(other))

    with bench.worker():
        bench.settle("52", "21")
        bench.feed_raw(person, None)
        eventually(lambda: person not in bench.states(), timeout=30, what="the tombstone")

    assert other in bench.states()


def test_without_a_registry_nothing_is_committed_and_the_process_says_so(bench: Bench) -> None:
    before = bench.committed()
    bench.feed(*life(somebody()))

    with bench.worker(BUS_REGISTRY_URL=f"http://127.0.0.1:{free_port()}/apis/ccompat/v7") as worker:
        assert worker.ended(60) == 3
        assert bench.committed() == before
    with bench.worker():
        bench.settle("52", "21")


def framed(bench: Bench, one: dict[str, Any], **territoire: str | None) -> bytes:
    return bench.codec.frame(one["type"], 1, body(one | {"territoire": territoire}))


def aside(bench: Bench, key: str) -> list[Any]:
    return [message for message in bench.read(topics.QUARANTAINE) if message.key() == key.encode()]


def headers_of(bench: Bench, code: str, id_: str) -> dict[str, bytes]:
    for message in bench.read(topics.departement(code)):
        if kafka.header(message.headers(), "ce_id") == id_.encode():
            return dict(message.headers())
    return {}
