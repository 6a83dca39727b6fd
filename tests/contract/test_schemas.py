"""The contract holds the records that the code knows, and no others; what each must be, the gates say (test_gates)."""

import json
import tomllib

import fastavro
import pytest

import avro_schemas
from avro_schemas.assembly import FIELD_NOTES, TYPE_NOTES
from avro_schemas.named import full_name, named_types
from bus.codec import EVENT_VERSION, PART_VERSION

NAMES = avro_schemas.names()


def test_the_code_knows_every_record_of_the_contract_at_its_newest_version_and_no_other() -> None:
    known = dict(EVENT_VERSION) | {f"scelle.{sorte}": version for sorte, version in PART_VERSION.items()}

    assert known == {name: avro_schemas.versions(name)[-1] for name in NAMES}


def test_a_record_that_was_released_is_there() -> None:
    released = tomllib.loads(avro_schemas.ROOT.joinpath("RELEASED.toml").read_text("utf-8"))

    assert {(name, f"v{version}") for name in NAMES for version in avro_schemas.versions(name)} >= {
        (name, label) for name, entries in released.items() for label in entries
    }


def test_what_is_registered_says_nothing_of_rights_nor_of_who_answers() -> None:
    for name in NAMES:
        text = json.dumps(avro_schemas.read(name))
        assert not [word for word in (*TYPE_NOTES, *FIELD_NOTES) if f'"{word}":' in text], name


def test_what_events_share_is_avro_by_itself_and_no_type_writes_it_again() -> None:
    fastavro.parse_schema(avro_schemas.common())
    shared = {full_name(one) for one in avro_schemas.common()}

    for name in NAMES:
        assert not shared & {full_name(one) for one in named_types(avro_schemas.own(name))}, name


def test_a_schema_that_was_read_may_be_changed_without_harm() -> None:
    before = json.dumps(avro_schemas.read("flux.traite"))

    avro_schemas.read("flux.traite")["fields"].clear()

    assert json.dumps(avro_schemas.read("flux.traite")) == before


def test_every_sealed_part_is_a_symbol_of_sorte_and_the_reverse() -> None:
    sorte = next(
        named for named in named_types(avro_schemas.read("flux.traite")) if full_name(named) == "bus.sorte_scellee"
    )

    assert set(sorte["symbols"]) == {"INCONNU", *PART_VERSION}


def test_a_record_or_version_that_does_not_exist_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        avro_schemas.read("rsa.inconnu")
    with pytest.raises(KeyError):
        avro_schemas.read("flux.traite", 99)
