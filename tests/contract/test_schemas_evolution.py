"""Versions read one another, both ways: what FULL_TRANSITIVE asks of the registry is true here too."""

import io
from typing import Any

import fastavro
import pytest
from helpers.records import example
from helpers.registry import MemoryRegistry

import avro_schemas
from bus.codec import Codec
from bus.errors import InvalidEvent

NAME = "rsa.droit.clos"
ENRICHMENT = example("rsa.droits_devoirs.entree", "enrichie")["enrichissement"]


def wire(schema: dict[str, Any], record: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), record)
    return out.getvalue()


def value(registry: MemoryRegistry, schema: dict[str, Any], record: dict[str, Any]) -> bytes:
    return b"\0" + registry.register(NAME, schema).to_bytes(4, "big") + wire(schema, record)


def changed_donnees(name: str, change: dict[str, Any] | None) -> dict[str, Any]:
    """Give another version of the schema: one field of `donnees` dropped, or one added."""
    schema = avro_schemas.read(NAME)
    donnees = next(field for field in schema["fields"] if field["name"] == "donnees")["type"]
    donnees["fields"] = [field for field in donnees["fields"] if field["name"] != name] + ([change] if change else [])
    return schema


@pytest.fixture
def registry() -> MemoryRegistry:
    memory = MemoryRegistry()
    memory.register(NAME, avro_schemas.read(NAME))
    return memory


def test_a_field_that_a_newer_writer_added_is_ignored_and_stays_in_the_completed_value(
    registry: MemoryRegistry,
) -> None:
    record, codec = example(NAME, "cloture"), Codec(registry)
    newer = changed_donnees("", {"name": "ajout", "type": ["null", "string"], "default": None})
    sent = value(registry, newer, {**record, "donnees": {**record["donnees"], "ajout": "x"}})

    seen = codec.decode(sent)
    completed = codec.append(sent, ENRICHMENT)

    assert seen["donnees"] == record["donnees"]
    assert codec.decode(completed)["enrichissement"]["autorite"] == "52"
    assert completed.startswith(sent[:-1])
    assert (codec.appended, codec.reencoded) == (1, 0)


def test_a_newer_writer_that_ends_otherwise_is_brought_to_our_version(registry: MemoryRegistry) -> None:
    record, newer, codec = example(NAME, "cloture"), avro_schemas.read(NAME), Codec(registry)
    fields = newer["fields"][-1]["type"][1]["fields"]
    fields.insert(0, {"name": "ajout", "type": ["null", "string"], "default": None})

    completed = codec.append(value(registry, newer, record), ENRICHMENT)

    assert completed == codec.append(value(registry, avro_schemas.read(NAME), record), ENRICHMENT)
    assert (codec.appended, codec.reencoded) == (1, 1)


def test_the_envelope_of_another_version_is_read_too(registry: MemoryRegistry) -> None:
    record = example(NAME, "cloture")
    newer = changed_donnees("", {"name": "ajout", "type": ["null", "string"], "default": None})

    envelope = Codec(registry).envelope(value(registry, newer, record))

    assert envelope == {field: record[field] for field in list(record)[: list(record).index("donnees")]}


def test_a_writer_without_a_field_that_has_no_default_cannot_be_read(registry: MemoryRegistry) -> None:
    older = changed_donnees("etat", None)
    record = example(NAME, "cloture")
    sent = value(registry, older, {**record, "donnees": {"role": "DEM", "regularisation_anterieure": True}})

    with pytest.raises(InvalidEvent, match="avro_illisible"):
        Codec(registry).decode(sent)


def test_a_symbol_of_a_newer_writer_becomes_inconnu() -> None:
    name = "rsa.droits_devoirs.sortie"
    schema, record = avro_schemas.read(name), example(name, "droit-clos")
    raison = next(field for field in schema["fields"] if field["name"] == "donnees")["type"]["fields"][0]
    raison["type"]["symbols"].append("raison_future")
    registry = MemoryRegistry()
    registry.register(name, avro_schemas.read(name))
    sent = value(registry, schema, {**record, "donnees": {**record["donnees"], "raison": "raison_future"}})

    assert Codec(registry).decode(sent)["donnees"]["raison"] == "INCONNU"


def test_a_registry_that_writes_the_full_name_without_namespace_is_understood(registry: MemoryRegistry) -> None:
    record, schema = example(NAME, "cloture"), avro_schemas.read(NAME)
    rewritten = {key: value for key, value in schema.items() if key != "namespace"} | {"name": NAME}

    assert Codec(registry).decode(value(registry, rewritten, record)) == record
