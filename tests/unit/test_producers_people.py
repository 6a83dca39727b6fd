"""Who is who: design.md §9.3 as a table."""

import json

import pytest
from helpers.shared import shared
from helpers.vrsb_file import nir13

from bus.vault.links import Pepper
from producers.caisse.identities import candidates
from producers.caisse.observation import Adult
from producers.journal.nir import valid_nir
from producers.journal.people import Candidate, Match, match

PEPPER = Pepper(b"l" * 32, b"r" * 32)
NIR, CIVIL = ("nir", b"n"), ("civil", b"c")


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, None),
        ({NIR: "a"}, Match("a", (CIVIL,))),
        ({CIVIL: "a"}, Match("a", (NIR,))),
        ({NIR: "a", CIVIL: "a"}, Match("a")),
        ({NIR: "a", CIVIL: "b"}, Match("b", suspect="a")),
    ],
)
def test_a_person_with_a_nir(known: dict[tuple[str, bytes], str], expected: Match | None) -> None:
    assert match(Candidate(b"n", b"c"), known) == expected


def test_a_person_without_nir_is_known_by_civil_state_in_the_dossier() -> None:
    assert match(Candidate(None, b"c"), {CIVIL: "a"}) == Match("a")
    assert match(Candidate(None, b"c"), {NIR: "a"}) is None
    assert match(Candidate(b"n", None), {NIR: "a"}) == Match("a")


def adult(prenom: str, nir: str | None) -> Adult:
    return Adult(
        "CJT", "ZZTESTE", None, (prenom,), "1990-01-31", None, "F", None, nir, None, obligation=True, entrant=None
    )


def test_two_partners_with_two_nir_are_two_people() -> None:
    one, other = candidates(PEPPER, "00000000152", [adult("ALBA", nir13(1)), adult("LEA", nir13(2))])

    assert one.nir != other.nir
    assert one.civil != other.civil


def test_one_nir_written_for_two_adults_identifies_only_the_first() -> None:
    one, other = candidates(PEPPER, "00000000152", [adult("ALBA", nir13(1)), adult("LEA", nir13(1))])

    assert one.nir is not None
    assert other.nir is None


def test_a_refused_nir_falls_back_to_the_civil_state() -> None:
    vectors = json.loads(shared("data/identity/nir_vectors.json").read_text(encoding="utf-8"))

    assert [valid_nir(one["input"]) for one in vectors["valid"]] == [one["nir13"] for one in vectors["valid"]]
    assert {valid_nir(one["input"]) for one in vectors["invalid"]} == {None}


def test_two_nir_are_two_people_even_of_the_same_name_and_birth() -> None:
    one, other = candidates(PEPPER, "00000000152", [adult("ALBA", nir13(1)), adult("ALBA", nir13(2))])

    assert one.civil is not None
    assert (one.nir != other.nir, other.civil) == (True, None)
