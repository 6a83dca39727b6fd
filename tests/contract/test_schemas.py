"""The contract holds the records that the code knows, and no others; what each must be, the gates say (test_gates)."""

import pytest

import avro_schemas
from avro_schemas.generate import full_name, named_types
from bus.codec import EVENT_VERSION, PART_VERSION

NAMES = avro_schemas.names()
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


def test_the_contract_holds_every_event_type_of_the_path_and_every_sealed_part() -> None:
    assert set(EVENT_VERSION) == FIRST_PATH
    assert {f"scelle.{sorte}" for sorte in PART_VERSION} | set(EVENT_VERSION) == set(NAMES)


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
