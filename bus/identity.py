"""The rules of the NIR and of the numbers that stand beside it."""

import re
from dataclasses import dataclass
from typing import Final

_SHAPE: Final = re.compile(r"^[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{6}$")
_MANGLED: Final = re.compile(r"^[0-9]+[.,][0-9]+E\+?[0-9]+$")
_FIRST_DIGITS: Final = frozenset("123478")
_TEMPORARY: Final = frozenset("3478")
_SPECIMENS: Final = frozenset({"26905495" + "88157"})  # the number of the public specimen card: no person
_MONTHS: Final = frozenset([*range(1, 13), *range(20, 43), *range(50, 100)])
_CORSICA: Final = {"2A": "19", "2B": "18"}


class InvalidNir(ValueError):
    """This is not a NIR; ``reason`` says why and never repeats the value.

    Reasons: empty, spreadsheet, length, bad_character, first_digit, month, key_out_of_range, wrong_key, specimen.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Nir:
    """A NIR that obeys the rules: 13 characters, Corsican letter kept; temporary while being registered."""

    nir13: str
    temporary: bool


def nir_key(nir13: str) -> str:
    """Give the two control digits: 97 minus the number modulo 97, the Corsican letters counted as 19 and 18."""
    place = nir13[5:7]
    number = int(nir13[:5] + _CORSICA.get(place, place) + nir13[7:])
    return f"{97 - number % 97:02d}"


def parse_nir(raw: str) -> Nir:
    """Give the NIR that a source wrote on 13 or 15 characters, spaces and case forgiven.

    Raises:
        InvalidNir: with the first rule that is broken.
    """
    text = "".join(raw.split()).upper()
    if text in ("", "NULL"):
        raise InvalidNir("empty")
    if _MANGLED.match(text):
        raise InvalidNir("spreadsheet")
    if len(text) not in (13, 15):
        raise InvalidNir("length")
    nir13, key = text[:13], text[13:]
    _check_number(nir13)
    if key:
        _check_key(nir13, key)
    return Nir(nir13, nir13[0] in _TEMPORARY)


def _check_number(nir13: str) -> None:
    if not _SHAPE.match(nir13):
        raise InvalidNir("bad_character")
    if nir13[0] not in _FIRST_DIGITS:
        raise InvalidNir("first_digit")
    if int(nir13[3:5]) not in _MONTHS:
        raise InvalidNir("month")
    if nir13 in _SPECIMENS:
        raise InvalidNir("specimen")


def _check_key(nir13: str, key: str) -> None:
    if not (key.isascii() and key.isdigit()):
        raise InvalidNir("bad_character")
    if not 1 <= int(key) <= 97:
        raise InvalidNir("key_out_of_range")
    if key != nir_key(nir13):
        raise InvalidNir("wrong_key")


def normalise_numdemrsa(raw: str) -> str:
    """Give a claim number on 11 characters: spreadsheets eat its leading zeros."""
    return "".join(raw.split()).upper().rjust(11, "0")
