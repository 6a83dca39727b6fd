import json

import pytest
from helpers.shared import shared

from bus.identity import InvalidNir, nir_key, normalise_numdemrsa, parse_nir


def vectors(kind: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(shared("data/identity/nir_vectors.json").read_text())[kind]
    return found


def test_every_valid_vector_gives_its_thirteen_characters_and_key() -> None:
    for vector in vectors("valid"):
        nir = parse_nir(vector["input"])

        assert nir.nir13 == vector["nir13"], vector["note"]
        assert nir_key(nir.nir13) == vector["key"], vector["note"]
        assert nir.temporary == bool(vector.get("temporary")), vector["note"]


def test_every_invalid_vector_is_refused_for_its_reason() -> None:
    for vector in vectors("invalid"):
        with pytest.raises(InvalidNir) as refusal:
            parse_nir(vector["input"])

        assert refusal.value.reason == vector["reason"], vector["note"]


def test_a_refusal_never_repeats_the_number() -> None:
    with pytest.raises(InvalidNir) as refusal:
        parse_nir("1" * 14)

    assert "1" not in str(refusal.value)


def test_a_claim_number_gets_back_the_zeros_that_a_spreadsheet_ate() -> None:
    assert normalise_numdemrsa("9999999052") == "09999999052"
