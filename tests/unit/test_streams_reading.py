"""Reading events where their bytes stand gives what fastavro gives, and the codec has the last word on wrong bytes."""

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import fastavro
import pytest
from helpers.records import records
from helpers.stream_cases import CODEC, READER, Registry, event, phone, record, value
from hypothesis import given, settings
from hypothesis import strategies as st

import avro_schemas
from bus.avro import (
    long,
    octets,
    optional_text,
    reader,
    skip_octets,
    text,
    write_array,
    write_long,
    write_optional,
    write_text,
)
from bus.codec import EVENT_VERSION, Codec, encode_body
from bus.errors import InvalidEvent
from streams.event import Event, Part
from streams.reading import EventReader, part

TYPES = sorted(EVENT_VERSION)
ENTREE = "rsa.droits_devoirs.entree"
PART = next(field for field in avro_schemas.read(ENTREE)["fields"] if field["name"] == "scelle")["type"]["items"]
DRAWN = {type_: records(avro_schemas.read(type_)) for type_ in TYPES}


def fast(schema: Any, data: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), data)
    return out.getvalue()


def typed(type_: str, drawn: dict[str, Any]) -> dict[str, Any]:
    return drawn | {"type": type_, "enrichissement": None}


def expected(one: dict[str, Any]) -> Event:
    place, cause = one["territoire"], one["cause"]
    return Event(
        id=one["id"],
        type=one["type"],
        source=one["source"],
        effet=(one["date_effet"] - date(1970, 1, 1)).days,
        observe=micros(one["date_observation"]),
        publie=micros(one["date_publication"]),
        personne=one["cle_personne"],
        dossier=one["cle_dossier"],
        ideparte=place["ideparte"],
        commune=place["commune_insee"],
        cause=fast("string", cause["flux_id"]) + fast("int", cause["enregistrement"]),
        correction=one["corrige"] is not None or one["annule"] is not None,
        portee=tuple(one["portee"]),
        donnees=one["donnees"],
        scelle=tuple(
            Part(each["sorte"], each["canal"], each["consentement"], each["empreinte"], fast(PART, each))
            for each in one["scelle"]
        ),
    )


def micros(instant: datetime) -> int:
    gap = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


@settings(deadline=None)
@given(st.sampled_from(TYPES).flatmap(lambda type_: st.tuples(st.just(type_), DRAWN[type_])))
def test_every_event_reads_as_the_codec_decodes_it(drawn: tuple[str, dict[str, Any]]) -> None:
    one = typed(*drawn)
    data = value(one)
    READER.read(data)  # the first of its type goes through the codec: the second is read where it stands

    seen, plain = READER.read(data)

    assert plain == data
    assert seen == expected(CODEC.decode(data))


@settings(deadline=None)
@given(st.data())
def test_wrong_bytes_are_refused_by_the_codec_or_read_never_anything_else(data: Any) -> None:
    good = value(record("contact.mis_a_jour", scelle=[phone(b"x", print_=b"1"), phone(b"y")]))
    READER.read(good)
    start, length = data.draw(st.integers(5, len(good))), data.draw(st.integers(0, 4))
    spoilt = good[:start] + data.draw(st.binary(max_size=4)) + good[start + length :]

    try:
        seen, _ = READER.read(spoilt)
    except InvalidEvent:
        return

    assert isinstance(seen, Event)


def test_an_event_enriched_already_comes_back_plain() -> None:
    one = record(ENTREE)
    data = value(one)
    added: dict[str, Any] = {
        "autorite": "52",
        "autorite_libelle": "x",
        "commune_libelle": None,
        "conflit_territoire": False,
        "contact": [],
        "identite": None,
        "situation": {
            "droits_devoirs": None,
            "entree_le": None,
            "contact_connu": False,
            "inscription_ft": None,
            "orientation": None,
        },
        "echeances": {"orientation": None},
        "regle": "r",
    }

    seen, plain = READER.read(CODEC.append(data, added))

    assert plain == data
    assert seen == event(one)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(TYPES).flatmap(lambda type_: st.tuples(st.just(type_), DRAWN[type_])), max_size=12))
def test_what_was_read_before_changes_nothing_of_what_is_read_now(drawn: list[tuple[str, dict[str, Any]]]) -> None:
    """Donnees are remembered; some are met again, of more sizes than are kept."""
    fresh, events = EventReader(CODEC), [typed(*one) for one in drawn]

    for one in events * 2:
        assert fresh.read(value(one))[0] == expected(one)


def test_an_event_of_another_ending_is_read_as_ours_each_time() -> None:
    schema = json.loads(json.dumps(avro_schemas.read(ENTREE)))
    schema["fields"][-1]["type"][1]["fields"].insert(-1, {"name": "plus", "type": ["null", "string"], "default": None})
    registry = Registry()
    codec = Codec(registry)
    one, fresh = record(ENTREE), EventReader(codec)
    other = bytes(1) + registry.id_of(ENTREE, schema).to_bytes(4, "big") + encode_body(ENTREE, one)
    ours = codec.frame(ENTREE, EVENT_VERSION[ENTREE], encode_body(ENTREE, one))

    assert [fresh.read(each) for each in (other, other, ours, other)] == [(expected(one), ours)] * 4


def test_an_event_of_another_schema_goes_on_under_that_schema() -> None:
    registry = Registry()
    newest = avro_schemas.read(ENTREE)
    other = {**newest, "doc": "the same record, registered under another id"}
    codec = Codec(registry)
    other_id = registry.id_of(ENTREE, other)
    one = record(ENTREE)
    data = b"\x00" + other_id.to_bytes(4, "big") + encode_body(ENTREE, one)

    seen, plain = EventReader(codec).read(data)

    assert plain == data
    assert seen == event(one)


@pytest.mark.parametrize("data", [b"", b"\x00", b"<xml/>", b"\x00\x00\x00\x00\x63rien"])
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidEvent):
        READER.read(data)


def test_a_size_that_leads_back_is_refused() -> None:
    for read in (octets, text, skip_octets):
        with pytest.raises(ValueError, match="negative size"):
            read(b"\x02a" + write_long(-100), 2)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_fastavros(number: int) -> None:
    data = fast("long", number)

    assert long(data, 0) == (number, len(data))
    assert write_long(number) == data


@given(st.text(max_size=200))
def test_strings_are_fastavros(words: str) -> None:
    data = fast("string", words)

    assert text(data, 0) == (words, len(data))
    assert write_text(words) == data
    assert optional_text(write_optional(data), 0) == (words, len(data) + 1)
    assert optional_text(write_optional(None), 0) == (None, 1)


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_arrays_are_fastavros(items: list[bytes]) -> None:
    schema = {"type": "array", "items": "bytes"}
    data = fast(schema, items)

    assert write_array([fast("bytes", item) for item in items]) == data
    assert reader(schema)(data, 0) == (items, len(data))
    assert [octets(fast("bytes", item), 0)[0] for item in items] == items


def test_an_array_in_blocks_with_their_sizes_is_read() -> None:
    blocks = write_long(-2) + write_long(2) + b"\x02\x04" + write_long(1) + b"\x06" + b"\x00"

    assert reader({"type": "array", "items": "int"})(blocks, 0) == ([1, 2, 3], len(blocks))


@given(records(PART))
def test_a_part_is_cut_out_whole(one: dict[str, Any]) -> None:
    data = fast(PART, one)

    cut, end = part(b"before" + data + b"after", 6)

    assert cut.avro == data
    assert end == 6 + len(data)
