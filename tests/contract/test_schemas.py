"""The contract holds what it promises, schema by schema."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import fastavro
import pytest

import avro_schemas
from avro_schemas.conversion import from_json, to_json
from avro_schemas.generate import full_name, named_types
from bus.codec import EVENT_VERSION, PART_VERSION

NAMES = avro_schemas.names()
VERSIONS = [(name, version) for name in NAMES for version in avro_schemas.versions(name)]
ENVELOPE = [
    "id",
    "type",
    "source",
    "emetteur_fait_foi",
    "date_effet",
    "date_observation",
    "date_publication",
    "cle_personne",
    "cle_dossier",
    "territoire",
    "cause",
    "corrige",
    "annule",
    "portee",
    "donnees",
    "scelle",
    "enrichissement",
]
FIRST_PATH = {
    "rsa.etat.publie",
    "rsa.droits_devoirs.entree",
    "rsa.droits_devoirs.sortie",
    "rsa.droit.ouvert",
    "rsa.droit.suspendu",
    "rsa.droit.repris",
    "rsa.droit.clos",
    "rsa.mutation.sortante",
    "rsa.mutation.entrante",
    "adresse.changee",
    "contact.mis_a_jour",
    "identite.doublon_suspecte",
    "flux.traite",
    "flux.rejete",
    "enregistrement.rejete",
}


def fields(schema: Any) -> Iterator[dict[str, Any]]:
    for named in named_types(schema):
        yield from named.get("fields", ())


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_a_schema_parses_under_the_name_of_its_folder(name: str, version: int) -> None:
    parsed = fastavro.parse_schema(avro_schemas.read(name, version))

    assert parsed["name"] == name


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_every_field_says_what_it_is_how_sensitive_and_from_where(name: str, version: int) -> None:
    for field in fields(avro_schemas.read(name, version)):
        assert field["doc"].strip(), field["name"]
        assert re.fullmatch("S[0-7]", field["sensibilite"]), field["name"]
        assert field["origine"].strip(), field["name"]


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_every_named_type_is_documented_and_every_enum_falls_back_on_inconnu(name: str, version: int) -> None:
    for named in named_types(avro_schemas.read(name, version)):
        assert named["doc"].strip(), named["name"]
        assert named["type"] == "record" or (named["default"] == "INCONNU" == named["symbols"][0]), named["name"]


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_a_nullable_field_is_null_by_default(name: str, version: int) -> None:
    for field in fields(avro_schemas.read(name, version)):
        nullable = isinstance(field["type"], list)
        assert not nullable or (field["type"][0] == "null" and len(field["type"]) == 2), field["name"]
        assert nullable == ("default" in field and field["default"] is None), field["name"]


@pytest.mark.parametrize("name", sorted(EVENT_VERSION))
def test_an_event_has_the_common_fields_in_order_and_enrichissement_last(name: str) -> None:
    assert [field["name"] for field in avro_schemas.read(name)["fields"]] == ENVELOPE


def test_a_shared_type_has_the_same_text_in_every_file() -> None:
    texts: dict[str, set[str]] = {}
    for name, version in VERSIONS:
        for named in named_types(avro_schemas.read(name, version)):
            texts.setdefault(full_name(named), set()).add(json.dumps(named, ensure_ascii=False))

    assert {"bus.territoire", "bus.cause", "bus.partie_scellee", "bus.enrichissement", "bus.situation"} <= texts.keys()
    assert [name for name, found in texts.items() if len(found) > 1] == []


def test_the_common_fields_have_the_same_text_in_every_event() -> None:
    shared = {
        json.dumps([field for field in avro_schemas.read(name)["fields"] if field["name"] != "donnees"])
        for name in EVENT_VERSION
    }

    assert len(shared) == 1


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_every_version_has_two_examples_that_survive_the_wire(name: str, version: int) -> None:
    schema = avro_schemas.read(name, version)
    examples = avro_schemas.examples(name, version)

    assert len(examples) >= 2
    for title, example in examples.items():
        record, wire = from_json(schema, example), io.BytesIO()
        fastavro.schemaless_writer(wire, fastavro.parse_schema(schema), record, strict_allow_default=True)
        wire.seek(0)
        assert fastavro.schemaless_reader(wire, fastavro.parse_schema(schema)) == record, title
        assert from_json(schema, to_json(schema, record)) == record, title


@pytest.mark.parametrize("name", sorted(EVENT_VERSION))
def test_an_example_of_an_event_bears_its_type_and_lists_what_is_sealed(name: str) -> None:
    for title, example in avro_schemas.examples(name, EVENT_VERSION[name]).items():
        assert example["type"] == name, title
        assert example["portee"] == sorted({part["sorte"] for part in example["scelle"]}), title


@pytest.mark.parametrize("name", NAMES)
def test_every_record_has_an_owner(name: str) -> None:
    assert avro_schemas.owner(name)


def test_the_contract_holds_every_event_type_of_the_path_and_every_sealed_part() -> None:
    assert set(EVENT_VERSION) == FIRST_PATH
    assert {f"scelle.{sorte}" for sorte in PART_VERSION} | set(EVENT_VERSION) == set(NAMES)


def test_every_sealed_part_is_a_symbol_of_sorte_and_the_reverse() -> None:
    sorte = next(
        named for named in named_types(avro_schemas.read("flux.traite")) if full_name(named) == "bus.sorte_scellee"
    )

    assert set(sorte["symbols"]) == {"INCONNU", *PART_VERSION}


@pytest.mark.parametrize("name", sorted(EVENT_VERSION))
def test_no_clear_field_is_as_sensitive_as_an_identity_a_contact_or_an_identifier(name: str) -> None:
    containers = {"octets", "scelle", "contact", "identite"}  # hold sealed bytes only
    clear = [field for field in fields(avro_schemas.read(name)) if field["name"] not in containers]

    assert {field["sensibilite"] for field in clear} <= {"S0", "S1", "S4"}


def test_a_record_or_version_that_does_not_exist_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        avro_schemas.read("rsa.inconnu")
    with pytest.raises(KeyError):
        avro_schemas.read("flux.traite", 99)
