"""The contact file: edge case 18 and 52, the shared files, and what a row must name."""

from datetime import UTC, date, datetime

import pytest
from helpers.shared import shared
from helpers.vrsb_file import nir15
from hypothesis import given
from hypothesis import strategies as st

from producers.contact.dates import date_of_file, standing
from producers.contact.observation import ContactRow, Phone
from producers.contact.phones import mail, phone
from producers.contact.reader import ContactReader
from producers.journal.observation import BadRecord, Code, FluxRejected, Motif

HEADER = (
    "MATRICULE;ROLE PERSONNE;TYPE PERSONNE;NIR;NUMERO DEMANDE RSA;DATE DEMANDE RSA;DATE DEBUT DROITS - DEVOIRS;"
    "NOM RESPONSABLE DOSSIER;PRENOM RESPONSABLE DOSSIER;NUMERO TELEPHONE DOSSIER;NUMERO TELEPHONE 2 DOSSIER;"
    "ADRESSE ELECTRONIQUE DOSSIER"
)
ROW = "T;DEMANDEUR;MADAME;{nir};{claim};01/01/2026;01/01/2026;ZZTESTE;ALBA;{one};{two};{mail}"


def row(*, nir: str = "", claim: str = "152", one: str = "", two: str = "", address: str = "") -> str:
    return ROW.format(nir=nir, claim=claim, one=one, two=two, mail=address)


def read(text: str | bytes, size: int = 4096) -> list[ContactRow | BadRecord]:
    octets = text.encode() if isinstance(text, str) else text
    return list(ContactReader(lambda: [octets[i : i + size] for i in range(0, len(octets), size)]))


def first(text: str | bytes) -> ContactRow:
    found = read(text)[0]
    assert isinstance(found, ContactRow)
    return found


def refusal(text: str | bytes) -> Motif:
    with pytest.raises(FluxRejected) as refused:
        read(text)
    return refused.value.motif


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("0639980001", Phone("+33639980001", "mobile")),
        ("639980001", Phone("+33639980001", "mobile")),
        ("639980001.0", Phone("+33639980001", "mobile")),
        ("06 39 98 00 01", Phone("+33639980001", "mobile")),
        ("+33639980001", Phone("+33639980001", "mobile")),
        ("+33 (0)6 39 98 00 01", Phone("+33639980001", "mobile")),
        ("0033639980001", Phone("+33639980001", "mobile")),
        ("0199000003", Phone("+33199000003", "fixe")),
        ("199000003", Phone("+33199000003", "fixe")),
        ("0" * 8, None),
        ("0" * 10, None),
        ("06" + "0" * 8, None),
        ("6,3998E+08", None),
        ("12345", None),
        ("06.39.98.12.00", Phone("+33639981200", "mobile")),
        ("33639980001", Phone("+33639980001", "mobile")),
        ("", None),
        ("NEANT", None),
        ("+44 1632 960001", Phone("+441632960001", "inconnu")),
        ("00441632960001", Phone("+441632960001", "inconnu")),
        ("+44 163", None),
        ("+44 5625", None),
        ("+49 (0)30 123456", Phone("+4930123456", "inconnu")),
        ("00376 (0)712345", Phone("+376712345", "inconnu")),
        ("(0)06 39 98 00 01", Phone("+33639980001", "mobile")),
        ("0639980001 (mère)", Phone("+33639980001", "mobile")),
    ],
)
def test_52_phones_come_out_in_one_form(raw: str, expected: Phone | None) -> None:
    assert phone(raw) == expected


@given(st.integers(1, 9), st.integers(0, 10**8 - 1))
def test_a_number_is_the_same_read_with_or_without_the_library(first: int, rest: int) -> None:
    number = f"{first}{rest:08}"

    assert phone(f"0{number}") == phone(number) == phone(f"+33{number}") == phone(f"0033{number}")


@pytest.mark.parametrize(
    ("prefix", "code", "kind"),
    [("690", "590", "mobile"), ("696", "596", "mobile"), ("694", "594", "mobile"), ("692", "262", "mobile"),
     ("262", "262", "fixe"), ("639", "262", "mobile")],
)  # fmt: skip
def test_52_overseas_numbers_get_the_code_of_their_network(prefix: str, code: str, kind: str) -> None:
    number = prefix + "".join(map(str, (1, 2, 3, 4, 5, 6)))

    assert phone("0" + number) == phone(number) == phone(f"+{code}{number}") == Phone(f"+{code}{number}", kind)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (" ALBA@Example.FR ", "alba@example.fr"),
        ("alba@", None),
        ("pas de mail", None),
        ("a@b", None),
        ("", None),
        ("alba zz@example.fr", None),
    ],
)
def test_mail_addresses_have_the_shape_of_one(raw: str, expected: str | None) -> None:
    assert mail(raw) == expected


def test_two_numbers_in_one_cell_are_two_numbers() -> None:
    found = first(
        f"{HEADER}\n{row(one='06 39 98 00 01 / 0199000003 ou 0639980002', address='a@example.fr et b@example.fr')}\n"
    )

    assert [phone.number for phone in found.phones] == ["+33639980001", "+33639980002", "+33199000003"]
    assert found.mails == ("a@example.fr", "b@example.fr")


@pytest.mark.parametrize(
    ("cell", "unreadable"), [("12", True), ("numéro inconnu", True), ("", False), ("0" * 10, False)]
)
def test_a_row_of_which_nothing_can_be_read_is_not_one_that_says_nothing(cell: str, unreadable: bool) -> None:  # noqa: FBT001 - a table
    assert first(f"{HEADER}\n{row(one=cell)}\n").unreadable is unreadable


def test_a_row_that_nothing_can_ever_match_is_bad() -> None:
    (found,) = read(f"{HEADER}\n{row(nir='9' * 13, claim='')}\n")

    assert isinstance(found, BadRecord)
    assert found.chemin == "NIR"


def test_18_separators_quotes_accents_and_case_of_columns_are_forgiven() -> None:
    text = f"{HEADER}\r\n{row(one='639980001', address='alba@example.fr')}\r\n"
    quoted = text.replace("ZZTESTE", '"ZZTES;TE"')
    comma = text.replace(";", ",")
    accents = text.replace("NUMERO", "Numéro").replace("ROLE PERSONNE", "Rôle  personne")

    assert first(text) == first(quoted) == first(comma) == first(accents)
    assert first(text).numdemrsa == "00000000152"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252"])
def test_18_utf_8_and_windows_1252_are_told_apart(encoding: str) -> None:
    text = f"{HEADER}\n{row(one='639980001')}".replace("ZZTESTE", "ZZÉTÉ’")

    assert first(text.encode(encoding)).phones == (Phone("+33639980001", "mobile"),)


def test_bytes_of_no_encoding_refuse_the_file() -> None:
    assert refusal(f"{HEADER}\n{row()}".encode() + b"\xe9\x81") is Motif.ENCODAGE


def test_a_missing_column_refuses_the_file() -> None:
    assert refusal(HEADER.replace("NUMERO DEMANDE RSA", "AUTRE")) is Motif.SCHEMA
    assert refusal("<Racine/>") is Motif.SCHEMA
    assert refusal("") is Motif.VIDE


def test_a_mobile_stands_before_a_landline() -> None:
    found = first(f"{HEADER}\n{row(one='199000003', two='639980001')}")

    assert [one.kind for one in found.phones] == ["mobile", "fixe"]


def test_a_row_that_names_nobody_is_bad() -> None:
    nobody, mangled, stranger = read(
        "\n".join([HEADER, row(claim=""), row(claim="1,01E+10"), row().replace("DEMANDEUR", "VOISIN")])
    )

    assert isinstance(nobody, BadRecord)
    assert isinstance(mangled, BadRecord)
    assert isinstance(stranger, BadRecord)
    assert (nobody.chemin, nobody.code) == ("NUMERO DEMANDE RSA", Code.ABSENT)
    assert (mangled.chemin, mangled.code) == ("NUMERO DEMANDE RSA", Code.VALEUR)
    assert (stranger.chemin, stranger.code) == ("ROLE PERSONNE", Code.VALEUR)


def test_a_nir_alone_is_enough() -> None:
    assert first(f"{HEADER}\n{row(nir=nir15(7), claim='')}").nir == nir15(7)


def test_a_line_may_be_cut_anywhere() -> None:
    text = f"{HEADER}\n{row(one='639980001')}\n{row(address='alba@example.fr')}"

    assert read(text, 1) == read(text, 7) == read(text)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("fichier_contact_test_priorite_nir.csv", 2),
        ("contact_sans_nir.rebuilt.csv", 1),
        ("contact_virgule_nir15.rebuilt.csv", 1),
    ],
)
def test_every_row_of_the_shared_files_is_read(name: str, rows: int) -> None:
    found = read(shared(f"data/contact/{name}").read_bytes())

    assert [type(one) for one in found] == [ContactRow] * rows
    assert all(isinstance(one, ContactRow) and one.phones and one.mails for one in found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("contact.20260307.52.csv", date(2026, 3, 7)),
        ("contact.20261307.csv", date(2026, 3, 2)),
        ("contact.csv", date(2026, 3, 2)),
        ("contact_52_2026-03-01.csv", date(2026, 3, 1)),
    ],
)
def test_the_date_of_a_file_is_in_its_name_or_is_the_day_of_reception(name: str, expected: date) -> None:
    assert date_of_file(name, datetime(2026, 3, 1, 23, 30, tzinfo=UTC)) == expected


def test_a_file_without_date_or_of_a_day_to_come_silences_nobody() -> None:
    received = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert standing("contact.csv", received) == date.min
    assert standing("contact.20990101.csv", received) == date(2026, 3, 1)
    assert standing("contact.20260227.csv", received) == date(2026, 2, 27)
