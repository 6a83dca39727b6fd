"""The CAF contact file: CSV with ``;`` or ``,``, read by column names (domain/formats.md §3)."""

import codecs
import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from bus.identity import normalise_numdemrsa
from producers.contact.observation import ContactRow, Phone
from producers.contact.phones import filler, mail, phone, several
from producers.journal.encoding import Utf8Doubt
from producers.journal.nir import valid_nir
from producers.journal.observation import BadRecord, Code, FluxRejected, Motif
from producers.journal.source import Reader, Reopen

_ROLES: Final = {
    "DEMANDEUR": "DEM", "DEM": "DEM",
    "CONJOINT": "CJT", "CJT": "CJT",
    "AUTRE": "AUT", "AUT": "AUT",
    "RESPONSABLE DU DOSSIER": "RDO", "RESPONSABLE DOSSIER": "RDO", "RDO": "RDO",
    "ENFANT": "ENF", "ENF": "ENF",
}  # fmt: skip
_ROLE: Final = "ROLE PERSONNE"
_CLAIM: Final = "NUMERO DEMANDE RSA"
_PHONES: Final = ("NUMERO TELEPHONE DOSSIER", "NUMERO TELEPHONE 2 DOSSIER")
_MAIL: Final = "ADRESSE ELECTRONIQUE DOSSIER"
_REQUIRED: Final = (_ROLE, _CLAIM, _PHONES[0], _MAIL)
_NUMBER: Final = re.compile(r"^[0-9A-Z]{1,11}$")
_LINE_LIMIT: Final = 64 * 1024


class ContactReader(Reader):
    """Iterate over the rows of a contact file; ``read`` counts them.

    Args:
        reopen: gives the bytes of the file from the start, in chunks; called twice (the encoding is found first).
    """

    def __init__(self, reopen: Reopen) -> None:
        self._reopen = reopen

    def __iter__(self) -> Iterator[ContactRow | BadRecord]:
        """Give rows and bad rows in order.

        Raises:
            FluxRejected: ``vide``, ``encodage``, ``schema`` (a column is missing), ``taille``.
        """
        lines = _lines(self._reopen(), _encoding(self._reopen()))
        header = next(lines, "")
        delimiter = _delimiter(header)
        columns = _columns(header)
        missing = [name for name in _REQUIRED if name not in columns]
        if missing:
            raise FluxRejected(Motif.SCHEMA, f"la colonne {missing[0]} manque")
        try:
            for cells in csv.reader(lines, delimiter=delimiter):
                if any(cell.strip() for cell in cells):
                    self.read += 1
                    yield _row(self.read, columns, cells)
        except csv.Error as error:
            raise FluxRejected(Motif.SCHEMA, "le fichier n’est pas du CSV lisible") from error


def recognise(head: bytes, name: str) -> bool:
    """Tell whether a file has a column that only the contact file of the CAF has; one without a byte, by its name."""
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        return name.lower().endswith(".csv")
    firsts = (text.decode(encoding, "replace").splitlines()[0] for encoding in ("utf-8", "cp1252"))
    columns = {one for first in firsts for one in _columns(first)}
    return bool({_ROLE, _CLAIM, *_PHONES} & columns)


def _delimiter(header: str) -> str:
    return ";" if header.count(";") >= header.count(",") else ","


def _columns(header: str) -> list[str]:
    return [_plain(name) for name in next(csv.reader([header], delimiter=_delimiter(header)), [])]


def _encoding(chunks: Iterable[bytes]) -> str:
    """Find the encoding: UTF-8 when every byte agrees, else windows-1252 (this format has no declaration)."""
    doubt = Utf8Doubt()
    ascii_only = True
    empty = True
    for chunk in chunks:
        doubt.see(chunk)
        ascii_only = ascii_only and chunk.isascii()
        empty = empty and not chunk
    if empty:
        raise FluxRejected(Motif.VIDE, "le fichier est vide")
    return "utf-8-sig" if ascii_only or doubt.is_utf8() else "cp1252"


def _lines(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    rest = ""
    try:
        for chunk in chunks:
            whole = (rest + decoder.decode(chunk)).splitlines(keepends=True)
            rest = whole.pop() if whole else ""
            yield from whole
            if len(rest) > _LINE_LIMIT:
                raise FluxRejected(Motif.TAILLE, "une ligne dépasse la taille permise")
        yield from (rest + decoder.decode(b"", final=True)).splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise FluxRejected(Motif.ENCODAGE, "des octets ne sont ni de l’UTF-8 ni du windows-1252") from error


def _plain(name: str) -> str:
    """Give a column name without accents, case or odd spacing."""
    bare = "".join(char for char in unicodedata.normalize("NFD", name) if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^A-Z0-9]+", " ", bare.upper()).split())


def _row(rank: int, columns: list[str], cells: list[str]) -> ContactRow | BadRecord:
    octets = "\x1f".join(cells).encode()
    if any(cell.strip() for cell in cells[len(columns) :]):
        return BadRecord(rank, "ligne", Code.VALEUR, octets)
    values = {name: unicodedata.normalize("NFC", cell.strip()) for name, cell in zip(columns, cells, strict=False)}
    claim, nir = _claim(values.get(_CLAIM, "")), values.get("NIR") or None
    role = _ROLES.get(_plain(values.get(_ROLE, "")))
    # A row is read as long as it names somebody: by a NIR that the rules admit, else by dossier and role.
    named = valid_nir(nir) is not None
    if not named and claim is None:
        where, value = ("NIR", nir) if nir else (_CLAIM, values.get(_CLAIM))
        return BadRecord(rank, where, Code.VALEUR if value else Code.ABSENT, octets)
    if not named and role is None:
        return BadRecord(rank, _ROLE, Code.VALEUR, octets, numdemrsa=claim)
    phones, mails = _phones(values), _mails(values)
    said = any(not filler(values.get(name, "")) for name in (*_PHONES, _MAIL))
    return ContactRow(rank, nir, claim, role, phones, mails, unreadable=said and not (phones or mails))


def _claim(text: str) -> str | None:
    compact = "".join(text.split()).upper()
    return normalise_numdemrsa(compact) if _NUMBER.match(compact) else None


def _phones(values: dict[str, str]) -> tuple[Phone, ...]:
    """Give the numbers, mobiles first: a landline must not stand before a mobile."""
    cells = (part for name in _PHONES for part in several(values.get(name, "")))
    found = dict.fromkeys(found for cell in cells if (found := phone(cell)))
    return tuple(sorted(found, key=lambda one: one.kind != "mobile"))


def _mails(values: dict[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for cell in several(values.get(_MAIL, "")) if (found := mail(cell))))
