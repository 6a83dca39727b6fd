"""Bénéficiaire files that are damaged, forbidden or far too large: edge cases 4, 15 and 16 of domain/edge-cases.md."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest
from helpers.vrsb_file import Foyer, Who, quotidien
from helpers.vrsb_reading import read, refusal

from producers.caisse.framing import RECORD_LIMIT
from producers.caisse.observation import BadHousehold, Household
from producers.caisse.vrsb import VrsbReader
from producers.journal.observation import Code, Motif


@pytest.mark.parametrize("cut", [b"<Personne>", b"</InfosFoyerRSA>", b"<TransmissionFlux>", b"</Racine>"])
def test_04_a_truncated_file_is_malformed(cut: bytes) -> None:
    octets = quotidien(Foyer(), Foyer(numero="00000000252")).octets()

    assert refusal(octets[: octets.rindex(cut) + 3]) is Motif.XML


def test_04_a_record_that_is_not_well_formed_refuses_the_file() -> None:
    assert refusal(quotidien(Foyer()).octets().replace(b"</NOM>", b"</NOMS>")) is Motif.XML


def many(count: int) -> Iterator[bytes]:
    octets = quotidien(Foyer(), annonces=count).octets()
    start, end = octets.index(b"<InfosFoyerRSA>"), octets.index(b"<TransmissionFlux>")
    yield octets[:start]
    for _ in range(count // 100):
        yield octets[start:end] * 100
    yield octets[end:]


def test_15_memory_does_not_grow_with_the_file() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        assert sum(1 for _ in VrsbReader(many(count))) == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(1_200) < peak(200) * 1.5 + 500_000


@pytest.mark.parametrize("size", [64 * 1024, 10 * 1024 * 1024])
def test_15_one_abnormally_large_record_is_put_aside_alone(size: int) -> None:
    huge = Foyer(extra="<Controle>" + "x" * (2 * RECORD_LIMIT) + "</Controle>")

    found = read(quotidien(Foyer(), huge, Foyer(numero="00000000352")).octets(), size)

    assert [one.code if isinstance(one, BadHousehold) else one.rank for one in found] == [1, Code.TAILLE, 3]


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE Racine [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE Racine SYSTEM "http://example.org/x.dtd">',
        "<!-- un commentaire --><!DOCTYPE Racine>",
    ],
)
def test_16_a_dtd_refuses_the_file_before_anything_is_parsed(head: str) -> None:
    assert refusal(quotidien(Foyer(), head=head).octets()) is Motif.INTERDIT


def test_16_an_entity_that_nobody_declared_is_malformed() -> None:
    assert refusal(quotidien(Foyer(who=(Who(nom="&bombe;"),))).octets()) is Motif.XML


def test_16_a_record_in_a_comment_is_no_record() -> None:
    octets = quotidien(Foyer()).octets()
    hidden = b"<!-- " + Foyer(numero="00000000952").xml().encode() + b" -->"

    assert len(read(octets.replace(b"<InfosFoyerRSA>", hidden + b"<InfosFoyerRSA>", 1))) == 1


def test_16_too_many_persons_make_a_bad_record() -> None:
    crowd = Foyer(who=tuple(Who(role="ENF") for _ in range(10_000)))

    assert [type(one) for one in read(quotidien(Foyer(), crowd).octets())] == [Household, BadHousehold]


@pytest.mark.parametrize("name", ["InfosCreanceFoyerRSA", "InfosFinancieresFoyerRSA"])
def test_debts_and_finance_never_travel(name: str) -> None:
    octets = quotidien().octets().replace(b"<TransmissionFlux>", f"<{name}/><TransmissionFlux>".encode())

    assert refusal(octets) is Motif.INTERDIT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<TYPEFLUX>I", "<TYPEFLUX>X"),
        ("<NATFLUX>D", "<NATFLUX>I"),
        ("<DTCREAFLUX>2026-03-10</DTCREAFLUX>", ""),
        ("<DTCREAFLUX>2026-03-10", "<DTCREAFLUX>2026-13-10"),
        ("<HEUCREAFLUX>01:18", "<HEUCREAFLUX>91:18"),
        ("<NBTOTDOSRSATRANSM>00000001", "<NBTOTDOSRSATRANSM>x"),
        ("Racine", "Autre"),
    ],
)
def test_a_wrong_header_or_trailer_is_no_such_schema(before: str, after: str) -> None:
    assert refusal(quotidien(Foyer()).octets().decode().replace(before, after).encode()) is Motif.SCHEMA


def test_an_empty_file_is_empty() -> None:
    assert refusal(b"") is Motif.VIDE


@pytest.mark.parametrize("name", ["InfosCreanceFoyerRSA", "InfosFinancieresFoyerRSA"])
def test_debts_and_finance_are_forbidden_whatever_their_header(name: str) -> None:
    octets = (
        replace(quotidien(), natflux="F")
        .octets()
        .replace(b"<TransmissionFlux>", f"<{name}/><TransmissionFlux>".encode())
    )

    assert refusal(octets) is Motif.INTERDIT
