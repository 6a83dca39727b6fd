"""Records and counts of bénéficiaire files: edge cases 5, 6, 13, 14 and 17 of domain/edge-cases.md."""

import pytest
from helpers.shared import shared
from helpers.vrsb_file import Foyer, Who, mensuel, quotidien
from helpers.vrsb_reading import households, read, refusal

from producers.caisse.framing import RECORD_LIMIT
from producers.caisse.observation import BadHousehold
from producers.caisse.vrsb import VrsbReader
from producers.journal.observation import Code, FluxRejected, Motif


def test_05_a_trailer_that_counts_otherwise_refuses_the_file() -> None:
    assert refusal(quotidien(Foyer(), annonces=2).octets()) is Motif.COMPTEUR


def test_05_the_public_file_announces_one_record_for_two() -> None:
    octets = shared("data/flux/RSABEM.redacted.xml").read_bytes()
    repaired = octets.replace(b"<NBTOTDOSRSATRANSM>00000001", b"<NBTOTDOSRSATRANSM>00000002")

    with pytest.raises(FluxRejected, match="le trailer annonce 1 dossier, 2 ont été lus"):
        read(octets)
    assert [len(one.adults) for one in households(repaired)] == [2, 1]


def test_06_records_with_an_anomaly_are_counted_apart() -> None:
    strange = Foyer(extra="<Anomalie><LIBANO>ESSAI</LIBANO></Anomalie>")

    assert households(quotidien(strange).octets())[0].anomalies == 1
    assert refusal(quotidien(strange, anomalies=0).octets()) is Motif.COMPTEUR


def test_13_unknown_elements_are_kept_out_and_counted() -> None:
    found = households(quotidien(Foyer(extra="<NOUVEAU><NIR>x</NIR></NOUVEAU>")).octets())[0]

    assert (found.inconnus, len(found.adults)) == (1, 1)


def test_14_a_header_without_reference_date_takes_the_date_of_creation() -> None:
    octets = quotidien(Foyer()).octets().replace(b"<DTREF>2026-03-10</DTREF>", b"")
    reader = VrsbReader([octets])
    list(reader)

    assert reader.header is not None
    assert reader.header.dtref == reader.header.dtcreaflux


def test_17_spellings_are_kept_for_the_table_to_read() -> None:
    found = households(quotidien(Foyer(ideparte="02A")).octets())[0]

    assert (found.ideparte, found.numdemrsa) == ("02A", "00000000152")


@pytest.mark.parametrize(
    ("before", "after", "path", "code"),
    [
        ("<NUMDEMRSA>00000000152</NUMDEMRSA>", "", "IdentificationRSA/DemandeRSA/NUMDEMRSA", Code.ABSENT),
        ("<ETATDOSRSA>2", "<ETATDOSRSA>9", "PrestationRSA/SituationDossierRSA/EtatDossierRSA/ETATDOSRSA",
         Code.VALEUR),
        ("<DTDEMRSA>2026-02-15", "<DTDEMRSA>2026-02-31", "IdentificationRSA/DemandeRSA/DTDEMRSA", Code.DATE),
        ("<NOM>ZZTESTE</NOM>", "<NOM> </NOM>", "Personne/Identification/NOM", Code.ABSENT),
        ("<ROLEPERS>DEM</ROLEPERS>", "<ROLEPERS>XYZ</ROLEPERS>", "Personne/Prestations/ROLEPERS", Code.VALEUR),
    ],
)  # fmt: skip
def test_a_bad_record_is_told_by_path_and_code(before: str, after: str, path: str, code: Code) -> None:
    (found,) = read(quotidien(Foyer()).octets().decode().replace(before, after).encode())

    assert isinstance(found, BadHousehold)
    assert (found.chemin, found.code, found.ideparte) == (f"Racine/InfosFoyerRSA/{path}", code, "052")


def test_the_role_is_the_one_of_the_rsa_and_children_are_left_out() -> None:
    found = households(mensuel(Foyer(who=(Who(), Who(prenom="PETIT", role="ENF", nom=""), Who(role="CJT")))).octets())[
        0
    ]

    assert [one.role for one in found.adults] == ["DEM", "CJT"]


def test_13_unknown_elements_beside_the_records_are_counted() -> None:
    octets = (
        quotidien(Foyer()).octets().replace(b"<TransmissionFlux>", b"<Nouveau><A>1</A></Nouveau><TransmissionFlux>")
    )
    reader = VrsbReader([octets.replace(b"<InfosFoyerRSA>", b"<Autre/><InfosFoyerRSA>", 1)])

    assert len(list(reader)) == 1
    assert reader.unknown == 2


def test_health_facts_leave_in_no_clear_field() -> None:
    found = households(quotidien(Foyer(faits=("HOSPLA", "ENTDED", "INTGRO"))).octets())[0]

    assert found.faits == ("ENTDED",)


def test_13_a_prefix_that_only_the_root_declares_is_known_in_its_records() -> None:
    octets = quotidien(Foyer()).octets().replace(b"<COMPLIDEADR/>", b'<COMPLIDEADR xsi:nil="true"/>')
    declared = octets.replace(b"<Racine>", b'<Racine xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">')

    assert len(read(declared)) == 1
    assert refusal(octets) is Motif.XML


@pytest.mark.parametrize("size", [1000, 64 * 1024, 10 * 1024 * 1024])
def test_06_the_anomaly_at_the_end_of_a_large_record_is_counted(size: int) -> None:
    tail = "<Anomalie origine='x'><LIBANO>ESSAI</LIBANO></Anomalie>"
    huge = Foyer(extra="<Controle>" + "x" * (2 * RECORD_LIMIT) + "</Controle>" + tail)

    found = read(quotidien(Foyer(), huge, Foyer(numero="00000000352"), anomalies=1).octets(), size)

    assert [one.code if isinstance(one, BadHousehold) else one.rank for one in found] == [1, Code.TAILLE, 3]


def test_an_adult_without_the_role_of_the_rsa_makes_a_bad_record() -> None:
    octets = quotidien(Foyer(who=(Who(), Who(role="CJT")))).octets()
    start = octets.rindex(b"<Prestations><NATPREST>RSA")
    end = octets.index(b"</Prestations>", start) + len(b"</Prestations>")

    (found,) = read(octets[:start] + octets[end:])

    assert isinstance(found, BadHousehold)
    assert (found.chemin, found.code) == ("Racine/InfosFoyerRSA/Personne/Prestations", Code.ABSENT)


@pytest.mark.parametrize("parent", ["Organisme", "DemandeRSA", "Adresse"])
def test_13_unknown_elements_are_counted_one_by_one_wherever_they_stand(parent: str) -> None:
    strange = f"<NOUVEAU/><NOUVEAU>x</NOUVEAU></{parent}>".encode()
    octets = quotidien(Foyer()).octets().replace(f"</{parent}>".encode(), strange, 1)

    assert households(octets)[0].inconnus == 2
