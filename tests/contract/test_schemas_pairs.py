"""Every version reads what every other wrote, older or newer, by our own codec and the stream's readers.

The released versions, and legal ones to come, drawn at random: a role may be older than what it reads, or newer.
"""

import io
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import fastavro
import pytest
from helpers.evolution import evolved
from helpers.other_contract import knowing, seen
from helpers.records import example, records
from helpers.registry import MemoryRegistry
from hypothesis import given, settings
from hypothesis import strategies as st

import avro_schemas
from avro_schemas.conversion import from_json
from bus.codec import EVENT_VERSION, PART_VERSION, PREFIX, Codec, decode_part, encode_body, encode_part
from bus.errors import Unavailable
from streams.enrichment import Enrichment, appended
from streams.reading import EventReader

Schema = dict[str, Any]
ENRICHMENT = example("rsa.droits_devoirs.entree", "enrichie")["enrichissement"]
ADDED = Enrichment("52", "52448", (), None, droits_devoirs=True, entree_le=20_514, orientation=20_556)
EVENTS, PARTS = sorted(EVENT_VERSION), sorted(f"scelle.{sorte}" for sorte in PART_VERSION)
PAIRS = [(name, *pair) for name in avro_schemas.names() for pair in product(avro_schemas.versions(name), repeat=2)]


def released(name: str) -> list[Schema]:
    return [avro_schemas.read(name, version) for version in avro_schemas.versions(name)]


@st.composite
def histories(draw: st.DrawFn, names: Sequence[str]) -> tuple[str, list[Schema]]:
    """Draw a record, and its versions: the released ones and two more."""
    name = draw(st.sampled_from(names))
    schemas = released(name)
    for prefix in ("ajout", "encore"):
        schemas.append(draw(evolved(schemas[-1], prefix)))
    return name, schemas


def written(registry: MemoryRegistry, name: str, schemas: Sequence[Schema], record: Mapping[str, Any]) -> bytes:
    """Give the value that a process writes whose newest version is the last of these."""
    with knowing(name, schemas):
        return Codec(registry).frame(name, len(schemas), encode_body(name, record))


def raw(schema: Schema, value: bytes) -> Any:
    """Give what the writer's own schema finds in a value, all of it."""
    body = io.BytesIO(value[PREFIX:])
    record = fastavro.schemaless_reader(body, fastavro.parse_schema(schema), None)
    assert body.read() == b""
    return record


def check_event(name: str, schemas: Sequence[Schema], pair: tuple[int, int], record: dict[str, Any]) -> None:
    """Write with one version, then read, complete and route with another; numbers from 1."""
    writer, reader = schemas[pair[0] - 1], schemas[pair[1] - 1]
    registry = MemoryRegistry()
    for schema in schemas:
        registry.register(name, schema)
    value, expected = written(registry, name, schemas[: pair[0]], record), seen(writer, reader, record)

    with knowing(name, schemas[: pair[1]]):
        codec = Codec(registry)
        completed = codec.append(value, ENRICHMENT)

        assert codec.decode(value) == expected
        assert codec.envelope(value) == {key: expected[key] for key in list(expected)[:14]}
        assert codec.decode(completed) == expected | {"enrichissement": ENRICHMENT}
        check_stream(codec, value, expected, writer)

    assert completed[:PREFIX] == value[:PREFIX]
    assert raw(writer, completed) == record | {"enrichissement": ENRICHMENT}


def check_stream(codec: Codec, value: bytes, expected: dict[str, Any], writer: Schema) -> None:
    """The stream sees what a writer of its own version would have said, and passes on what it does not know."""
    name, reader = expected["type"], EventReader(codec)
    ours = codec.frame(name, len(avro_schemas.versions(name)), encode_body(name, expected | {"enrichissement": None}))
    same, _ = reader.read(ours)

    for _ in range(2):  # the first of a schema prepares its reading
        event, plain = reader.read(value)
        routed = appended(plain, ADDED)

        assert event == same
        assert routed[:PREFIX] == value[:PREFIX]
        assert raw(writer, plain) == raw(writer, value) | {"enrichissement": None}
        assert raw(writer, routed) == raw(writer, plain) | {"enrichissement": codec.decode(routed)["enrichissement"]}
        assert routed == codec.append(value, codec.decode(routed)["enrichissement"])


@pytest.mark.parametrize(("name", "writer", "reader"), [pair for pair in PAIRS if pair[0] in EVENTS])
def test_each_released_version_reads_the_examples_of_each_other(name: str, writer: int, reader: int) -> None:
    schema = avro_schemas.read(name, writer)
    for sample in avro_schemas.examples(name, writer).values():
        check_event(name, released(name), (writer, reader), from_json(schema, sample))


@settings(max_examples=12)
@given(history=histories(EVENTS), data=st.data())
def test_each_version_of_an_event_reads_and_completes_what_each_other_wrote(
    history: tuple[str, list[Schema]], data: st.DataObject
) -> None:
    name, schemas = history
    for writer in range(1, len(schemas) + 1):
        record = data.draw(records(schemas[writer - 1])) | {"type": name}
        for reader in range(1, len(schemas) + 1):
            check_event(name, schemas, (writer, reader), record)


@settings(max_examples=20)
@given(history=histories(PARTS), data=st.data())
def test_a_sealed_part_is_read_by_its_version_and_later_ones_and_waits_before_an_older_one(
    history: tuple[str, list[Schema]], data: st.DataObject
) -> None:
    name, schemas = history
    sorte = name.removeprefix("scelle.")
    for writer, reader in product(range(1, len(schemas) + 1), repeat=2):
        record = data.draw(records(schemas[writer - 1]))
        with knowing(name, schemas[:writer]):
            plaintext = encode_part(sorte, record)
        with knowing(name, schemas[:reader]):
            if writer > reader:
                with pytest.raises(Unavailable, match="mettez ce rôle à jour"):
                    decode_part(sorte, writer, plaintext)
            else:
                assert decode_part(sorte, writer, plaintext) == seen(schemas[writer - 1], schemas[reader - 1], record)


@pytest.mark.parametrize(("name", "writer", "reader"), [pair for pair in PAIRS if pair[0] in PARTS])
def test_each_released_version_of_a_part_reads_the_examples_of_those_before(
    name: str, writer: int, reader: int
) -> None:
    schema, sorte = avro_schemas.read(name, writer), name.removeprefix("scelle.")
    for sample in avro_schemas.examples(name, writer).values() if writer <= reader else ():
        record = from_json(schema, sample)
        with knowing(name, released(name)[:writer]):
            plaintext = encode_part(sorte, record)
        with knowing(name, released(name)[:reader]):
            assert decode_part(sorte, writer, plaintext) == seen(schema, avro_schemas.read(name, reader), record)
