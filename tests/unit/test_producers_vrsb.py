"""The reader of bénéficiaire files: edge cases 1 to 17 of domain/edge-cases.md that the file alone decides."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest
from helpers.shared import shared
from helpers.vrsb_file import Fichier, Foyer, Who, mensuel, quotidien

from producers.caisse.framing import RECORD_LIMIT
from producers.caisse.observation import BadHousehold, Household
from producers.caisse.vrsb import VrsbReader
from producers.journal.observation import Code, FluxRejected, Motif


def read(octets: bytes, size: int = 256 * 1024) -> list[Household | BadHousehold]:
    return list(VrsbReader(octets[i : i + size] for i in range(0, len(octets), size)))


def households(octets: bytes) -> list[Household]:
    return [one for one in read(octets) if isinstance(one, Household)]


def refusal(octets: bytes) -> Motif:
    with pytest.raises(FluxRejected) as refused:
        read(octets)
    return refused.value.motif


def test_01_windows_1252_is_decoded_as_declared() -> None:
    file = replace(quotidien(Foyer(who=(Who(nom="ZZŒUVRÉ’€"),))), encoding="windows-1252")

    assert households(file.octets())[0].adults[0].nom == "ZZŒUVRÉ’€"


def test_01_names_come_out_composed() -> None:
    decomposed = "ZZE\N{COMBINING ACUTE ACCENT}TE"

    assert households(quotidien(Foyer(who=(Who(nom=decomposed),))).octets())[0].adults[0].nom == "ZZÉTE"


@pytest.mark.parametrize(
    ("declared", "written"),
    [("UTF-8", "latin-1"), ("windows-1252", "utf-8"), ("ISO-8859-1", "utf-8"), ("ISO-8859-1", "windows-1252")],
)
def test_02_bytes_that_contradict_the_declaration_refuse_the_file(declared: str, written: str) -> None:
    name = "ZZÉTÉ’" if written == "windows-1252" else "ZZÉTÉ"
    text = quotidien(Foyer(who=(Who(nom=name),))).octets().decode()

    assert refusal(text.replace("UTF-8", declared).encode(written)) is Motif.ENCODAGE


def test_02_an_unknown_declaration_refuses_the_file() -> None:
    assert refusal(quotidien(Foyer()).octets().replace(b"UTF-8", b"X-KLINGON")) is Motif.ENCODAGE
    assert refusal(quotidien(Foyer()).octets().decode().encode("utf-16")) is Motif.ENCODAGE


def test_02_bytes_undefined_in_windows_1252_refuse_the_file() -> None:
    octets = (
        replace(quotidien(Foyer(who=(Who(nom="ZZ@"),))), encoding="windows-1252").octets().replace(b"ZZ@", b"ZZ\x81")
    )

    assert refusal(octets) is Motif.ENCODAGE


def test_03_mark_line_ends_tabs_and_missing_newline_are_accepted() -> None:
    octets = quotidien(Foyer()).octets().replace(b"><", b">\r\n\t<")

    assert len(read(b"\xef\xbb\xbf" + octets)) == 1


@pytest.mark.parametrize("cut", [b"<Personne>", b"</InfosFoyerRSA>", b"<TransmissionFlux>", b"</Racine>"])
def test_04_a_truncated_file_is_malformed(cut: bytes) -> None:
    octets = quotidien(Foyer(), Foyer(numero="00000000252")).octets()

    assert refusal(octets[: octets.rindex(cut) + 3]) is Motif.XML


def test_04_a_record_that_is_not_well_formed_refuses_the_file() -> None:
    assert refusal(quotidien(Foyer()).octets().replace(b"</NOM>", b"</NOMS>")) is Motif.XML


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


def test_17_spellings_are_kept_for_the_table_to_read() -> None:
    found = households(quotidien(Foyer(ideparte="02A")).octets())[0]

    assert (found.ideparte, found.numdemrsa) == ("02A", "00000000152")


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


@pytest.mark.parametrize("size", [1, 2, 5, 17, 1000])
def test_chunks_may_cut_anywhere(size: int) -> None:
    octets = Fichier((Foyer(), Foyer(numero="00000000252", who=(Who(nom="ZZÉTÉ"),)))).octets()

    assert read(octets, size) == read(octets)


def test_13_a_prefix_that_only_the_root_declares_is_known_in_its_records() -> None:
    octets = quotidien(Foyer()).octets().replace(b"<COMPLIDEADR/>", b'<COMPLIDEADR xsi:nil="true"/>')
    declared = octets.replace(b"<Racine>", b'<Racine xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">')

    assert len(read(declared)) == 1
    assert refusal(octets) is Motif.XML


@pytest.mark.parametrize("name", ["InfosCreanceFoyerRSA", "InfosFinancieresFoyerRSA"])
def test_debts_and_finance_are_forbidden_whatever_their_header(name: str) -> None:
    octets = (
        replace(quotidien(), natflux="F")
        .octets()
        .replace(b"<TransmissionFlux>", f"<{name}/><TransmissionFlux>".encode())
    )

    assert refusal(octets) is Motif.INTERDIT


@pytest.mark.parametrize("size", [1000, 64 * 1024, 10 * 1024 * 1024])
def test_06_the_anomaly_at_the_end_of_a_large_record_is_counted(size: int) -> None:
    tail = "<Anomalie origine='x'><LIBANO>ESSAI</LIBANO></Anomalie>"
    huge = Foyer(extra="<Controle>" + "x" * (2 * RECORD_LIMIT) + "</Controle>" + tail)

    found = read(quotidien(Foyer(), huge, Foyer(numero="00000000352"), anomalies=1).octets(), size)

    assert [one.code if isinstance(one, BadHousehold) else one.rank for one in found] == [1, Code.TAILLE, 3]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_02_utf_16_without_a_mark_refuses_the_file(codec: str) -> None:
    assert refusal(quotidien(Foyer()).octets().decode().replace("UTF-8", "UTF-16").encode(codec)) is Motif.ENCODAGE


def test_02_us_ascii_holds_no_accent() -> None:
    accent = quotidien(Foyer(who=(Who(nom="ZZÉTÉ"),))).octets().replace(b"UTF-8", b"US-ASCII")
    plain = quotidien(Foyer()).octets().replace(b"UTF-8", b"US-ASCII")

    assert refusal(accent) is Motif.ENCODAGE
    assert len(read(plain)) == 1


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
