"""Bytes and characters of bénéficiaire files: edge cases 1 to 3 of domain/edge-cases.md, and chunks cut anywhere."""

from dataclasses import replace

import pytest
from helpers.vrsb_file import Fichier, Foyer, Who, quotidien
from helpers.vrsb_reading import households, read, refusal

from producers.journal.observation import Motif


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


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_02_utf_16_without_a_mark_refuses_the_file(codec: str) -> None:
    assert refusal(quotidien(Foyer()).octets().decode().replace("UTF-8", "UTF-16").encode(codec)) is Motif.ENCODAGE


def test_02_us_ascii_holds_no_accent() -> None:
    accent = quotidien(Foyer(who=(Who(nom="ZZÉTÉ"),))).octets().replace(b"UTF-8", b"US-ASCII")
    plain = quotidien(Foyer()).octets().replace(b"UTF-8", b"US-ASCII")

    assert refusal(accent) is Motif.ENCODAGE
    assert len(read(plain)) == 1


@pytest.mark.parametrize("size", [1, 2, 5, 17, 1000])
def test_chunks_may_cut_anywhere(size: int) -> None:
    octets = Fichier((Foyer(), Foyer(numero="00000000252", who=(Who(nom="ZZÉTÉ"),)))).octets()

    assert read(octets, size) == read(octets)
