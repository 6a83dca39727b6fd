"""What goes through the codec comes back; what is not ours is an invalid event and nothing else."""

import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from helpers.records import example, records
from helpers.registry import MemoryRegistry, filled
from hypothesis import given
from hypothesis import strategies as st

from avro_schemas import read
from bus.codec import (
    EVENT_VERSION,
    PART_VERSION,
    Codec,
    decode_body,
    decode_part,
    encode_body,
    encode_part,
)
from bus.errors import InvalidEvent, Misconfigured, Unavailable

ENTRY = "rsa.droits_devoirs.entree"
ANY_EVENT = st.sampled_from(sorted(EVENT_VERSION)).flatmap(lambda name: st.tuples(st.just(name), records(read(name))))
ENRICHED = st.sampled_from(sorted(EVENT_VERSION)).flatmap(
    lambda name: st.tuples(
        st.just(name), records(read(name)).filter(lambda record: record["enrichissement"] is not None)
    )
)
ANY_PART = st.sampled_from(sorted(PART_VERSION)).flatmap(
    lambda sorte: st.tuples(st.just(sorte), records(read(f"scelle.{sorte}")))
)
AFTER_ENVELOPE = {"donnees", "scelle", "enrichissement"}
REASONS = {"cadre_confluent", "schema_inconnu", "avro_illisible"}
ENRICHMENT = example(ENTRY, "enrichie")["enrichissement"]


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(filled())


def framed(codec: Codec, name: str, record: dict[str, Any]) -> bytes:
    return codec.frame(name, EVENT_VERSION[name], encode_body(name, record))


def reason(read_it: Callable[[bytes], object], value: bytes) -> str | None:
    """Give why bytes are refused; any other exception is the failure of the test."""
    try:
        read_it(value)
    except InvalidEvent as error:
        return error.reason
    return None


@given(event=ANY_EVENT)
def test_a_body_gives_back_its_event(event: tuple[str, dict[str, Any]]) -> None:
    name, record = event

    assert decode_body(name, EVENT_VERSION[name], encode_body(name, record)) == record


@given(event=ANY_EVENT)
def test_a_value_gives_back_its_event_and_its_envelope(codec: Codec, event: tuple[str, dict[str, Any]]) -> None:
    name, record = event

    value = framed(codec, name, record)

    assert codec.decode(value) == record
    assert codec.envelope(value) == {key: record[key] for key in record if key not in AFTER_ENVELOPE}


@given(part=ANY_PART)
def test_a_part_gives_back_its_content(part: tuple[str, dict[str, Any]]) -> None:
    sorte, record = part

    assert decode_part(sorte, PART_VERSION[sorte], encode_part(sorte, record)) == record


@given(event=ENRICHED)
def test_appending_gives_the_bytes_of_encoding_the_whole(codec: Codec, event: tuple[str, dict[str, Any]]) -> None:
    name, record = event
    before = codec.appended

    value = codec.append(framed(codec, name, {**record, "enrichissement": None}), record["enrichissement"])

    assert value == framed(codec, name, record)
    assert codec.appended == before + 1


@given(event=ENRICHED)
def test_completing_again_replaces_what_was_said_and_is_counted_apart(
    codec: Codec, event: tuple[str, dict[str, Any]]
) -> None:
    name, record = event
    before = codec.reencoded

    value = codec.append(framed(codec, name, record), ENRICHMENT)

    assert codec.decode(value) == {**record, "enrichissement": ENRICHMENT}
    assert codec.reencoded == before + 1


@given(value=st.binary(max_size=300), schema_id=st.integers(0, 30))
def test_garbage_is_an_invalid_event_with_a_known_reason(codec: Codec, value: bytes, schema_id: int) -> None:
    for candidate in (value, b"\0" + schema_id.to_bytes(4, "big") + value):
        for read_it in (codec.decode, codec.envelope, lambda raw: codec.append(raw, ENRICHMENT)):
            assert reason(read_it, candidate) in {None, "hors_schema", *REASONS}


@given(event=ANY_EVENT, data=st.data())
def test_a_damaged_event_is_read_or_invalid_never_a_crash(
    codec: Codec, event: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    value = bytearray(framed(codec, *event))
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))

    for read_it in (codec.decode, codec.envelope):
        assert reason(read_it, bytes(value)) in {None, *REASONS}


@given(event=ANY_EVENT, data=st.data())
def test_a_cut_event_is_unreadable(codec: Codec, event: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    value = framed(codec, *event)
    cut = data.draw(st.integers(6, len(value) - 1))

    with pytest.raises(InvalidEvent, match="avro_illisible"):
        codec.decode(value[:cut])


@given(event=ANY_EVENT, tail=st.binary(min_size=1, max_size=10))
def test_bytes_after_the_end_are_unreadable(codec: Codec, event: tuple[str, dict[str, Any]], tail: bytes) -> None:
    with pytest.raises(InvalidEvent, match="avro_illisible"):
        codec.decode(framed(codec, *event) + tail)


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\0\0\0\1", b"\1\0\0\0\1\0", b"{}"])
def test_what_has_no_confluent_prefix_or_nothing_behind_it_is_refused(codec: Codec, value: bytes) -> None:
    with pytest.raises(InvalidEvent, match="cadre_confluent"):
        codec.decode(value)


def test_an_id_that_nobody_registered_is_an_unknown_schema(codec: Codec) -> None:
    with pytest.raises(InvalidEvent, match="schema_inconnu"):
        codec.decode(b"\0\0\0\x03\xe8" + encode_body(ENTRY, example(ENTRY, "avant-routage")))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "record", "namespace": "autre", "name": "chose", "fields": []},
        {"type": "record", "namespace": "flux", "name": "traite", "fields": []},
        {"type": "record", "namespace": "flux", "name": "traite", "fields": [{"name": "donnees", "type": "rien"}]},
        {"type": "string"},
    ],
)
def test_a_registered_schema_that_is_no_event_of_ours_is_unknown(schema: dict[str, Any]) -> None:
    registry = filled()
    schema_id = registry.register("autre", schema)

    with pytest.raises(InvalidEvent, match="schema_inconnu"):
        Codec(registry).decode(b"\0" + schema_id.to_bytes(4, "big") + b"\0")


def test_a_sealed_part_is_not_an_event(codec: Codec) -> None:
    registry = filled()
    schema_id = registry.id_of("scelle.contact", read("scelle.contact"))

    with pytest.raises(InvalidEvent, match="schema_inconnu"):
        Codec(registry).decode(b"\0" + schema_id.to_bytes(4, "big") + b"\x02a")


@pytest.mark.parametrize("call", [encode_body, encode_part])
def test_a_type_out_of_the_contract_is_an_unknown_schema(call: Any) -> None:
    with pytest.raises(InvalidEvent, match="schema_inconnu"):
        call("inconnu", example(ENTRY, "avant-routage"))


@pytest.mark.parametrize("version", [0, 99, -1])
def test_a_version_out_of_the_contract_is_an_unknown_schema(codec: Codec, version: int) -> None:
    body = encode_body(ENTRY, example(ENTRY, "avant-routage"))

    for read_it in (decode_body, codec.frame):
        with pytest.raises(InvalidEvent, match="schema_inconnu"):
            read_it(ENTRY, version, body)


@pytest.mark.parametrize("version", [0, -1])
def test_a_version_of_a_part_that_cannot_be_is_an_unknown_schema(version: int) -> None:
    with pytest.raises(InvalidEvent, match="schema_inconnu"):
        decode_part("contact", version, b"\x02a")


def test_a_part_that_a_newer_bus_sealed_waits_for_this_role_to_be_upgraded() -> None:
    with pytest.raises(Unavailable, match=r"scelle\.contact v99"):
        decode_part("contact", 99, b"\x02a")


@pytest.mark.parametrize(
    "change",
    [
        {"inconnu": 1},
        {"id": None},
        {"portee": [1]},
        {"donnees": {}},
        {"scelle": [{"sorte": "secret", "cle_id": "k", "version_schema": 1, "octets": b""}]},
        {"date_publication": datetime(2026, 3, 2)},  # noqa: DTZ001 - what must be refused
        {"date_observation": "2026-03-02"},
        {"enrichissement": {**ENRICHMENT, "regle": ""}},
        {"enrichissement": {**ENRICHMENT, "regle": "r\0"}},
    ],
)
def test_a_record_that_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match="hors_schema"):
        encode_body(ENTRY, {**example(ENTRY, "avant-routage"), **change})


def test_a_missing_field_is_refused_unless_it_has_a_default() -> None:
    record = example(ENTRY, "avant-routage")
    without_default = {key: value for key, value in record.items() if key != "source"}
    without_nullable = {key: value for key, value in record.items() if key not in {"corrige", "enrichissement"}}

    assert encode_body(ENTRY, without_nullable) == encode_body(ENTRY, record)
    with pytest.raises(InvalidEvent, match="hors_schema"):
        encode_body(ENTRY, without_default)


def test_a_refusal_never_quotes_the_value() -> None:
    secret = "ZZ" + "QUOTED"

    with pytest.raises(InvalidEvent) as refusal:
        encode_part("identite", {"nom": secret, "prenoms": [], "sexe": secret})

    assert secret not in "".join(traceback.format_exception(refusal.value))
    assert refusal.value.__context__ is None


def test_an_enrichment_whose_end_would_pass_for_null_is_refused(codec: Codec) -> None:
    value = framed(codec, ENTRY, example(ENTRY, "avant-routage"))

    for regle in ("", "r\0", None):
        with pytest.raises(InvalidEvent, match="hors_schema"):
            codec.append(value, {**ENRICHMENT, "regle": regle})


def test_a_schema_is_asked_once() -> None:
    registry = filled()
    codec = Codec(registry)
    value = framed(codec, ENTRY, example(ENTRY, "avant-routage"))
    codec.decode(value)
    asked = registry.asked

    codec.decode(codec.append(value, ENRICHMENT))
    codec.envelope(value)

    assert registry.asked == asked


def test_a_registry_that_lacks_our_version_is_a_misconfiguration() -> None:
    with pytest.raises(Misconfigured):
        Codec(MemoryRegistry()).frame(ENTRY, 1, b"")
