"""Contact files as text: the columns and the habits of spreadsheets seen in domain/formats.md §3."""

from typing import Final

from bus.identity import nir_key
from synth.contacts import Contact, Shape
from synth.draws import Draws
from synth.lives import Life
from synth.people import Beneficiary, claim_number

_ROLES: Final = {"DEM": "DEMANDEUR", "CJT": "CONJOINT", "RDO": "RESPONSABLE DU DOSSIER", "AUT": "AUTRE PERSONNE"}
CODECS: Final = ("cp1252",) * 6 + ("utf-8-sig",) * 2 + ("utf-8",) * 2


def header(shape: Shape) -> str:
    """Give the line of column names."""
    columns = ["MATRICULE", "ROLE PERSONNE", "TYPE PERSONNE", "NUMERO DEMANDE RSA", "DATE DEMANDE RSA"]
    columns += ["DATE DEBUT DROITS - DEVOIRS", "NOM RESPONSABLE DOSSIER", "PRENOM RESPONSABLE DOSSIER"]
    columns += ["NUMERO TELEPHONE DOSSIER", "NUMERO TELEPHONE 2 DOSSIER", "ADRESSE ELECTRONIQUE DOSSIER"]
    if shape.nir:
        columns.insert(3, "NIR")
    return shape.separator.join([*columns, "TAGS"] if shape.tags else columns) + "\r\n"


def row(shape: Shape, life: Life, adult: Beneficiary, contact: Contact) -> str:
    """Give the row of one person."""
    home = life.household
    number = home.matricule[:7] if home.caisse.fonorg == "CAF" else home.matricule
    first = home.adults[0]
    cells = [number, _ROLES[adult.role], "MADAME" if adult.woman else "MONSIEUR", _claim(shape, home.claim)]
    cells += [_day(home.claimed), _day(home.claimed), first.name, first.first_names[0]]
    return _line(shape, cells, adult.nir, contact)


def stranger(shape: Shape, draws: Draws, suffix: str, contact: Contact) -> tuple[str, bool]:
    """Give a row that names nobody; True when it carries a NIR, of a person whom no other source has shown."""
    nir = None
    if shape.nir and draws.below(2):
        nir = f"{1 + draws.below(2)}{70 + draws.below(30)}{1 + draws.below(12):02d}99999{1 + draws.below(998):03d}"
    claim = claim_number(90_000_000 + draws.below(9_000_000), suffix)
    cells = [
        f"{1_000_000 + draws.below(8_000_000)}",
        "DEMANDEUR",
        "MADAME",
        _claim(shape, claim),
        "01/02/2025",
        "01/03/2025",
    ]
    return _line(shape, [*cells, "ZZPERSONNE", "INCONNUE"], nir, contact), nir is not None


def _line(shape: Shape, cells: list[str], nir: str | None, contact: Contact) -> str:
    if shape.nir:
        cells.insert(3, (nir + nir_key(nir) if shape.nir == 15 else nir) if nir else "")
    zero = "" if shape.spreadsheet else "0"
    phones = [f"{zero}{phone}" for phone in contact.phones] + ["", ""]
    cells += [phones[0], phones[1], contact.mails[0] if contact.mails else ""]
    return shape.separator.join([*cells, "Invente"] if shape.tags else cells) + "\r\n"


def _claim(shape: Shape, claim: str) -> str:
    """Write a claim number; a spreadsheet loses its leading zeros."""
    return str(int(claim)) if shape.spreadsheet else claim


def _day(iso: str) -> str:
    return f"{iso[8:]}/{iso[5:7]}/{iso[:4]}"
