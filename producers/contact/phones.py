"""Phone numbers and mail addresses as people and spreadsheets write them, in one form (domain/edge-cases.md, 52)."""

import re
from typing import Final

import phonenumbers

from producers.contact.observation import Phone

# National prefix → country code of the overseas networks. By hand: to the library a number of Martinique, as it is
# dialled from the mainland, is no number. 063998 is kept for fiction by Arcep.
_OVERSEAS: Final = {
    "590": 590, "690": 590, "691": 590,
    "594": 594, "694": 594,
    "596": 596, "696": 596, "697": 596,
    "262": 262, "269": 262, "639": 262, "692": 262, "693": 262,
}  # fmt: skip
_FICTION: Final = "63998"
_FRENCH: Final = frozenset({33, *_OVERSEAS.values()})
_MAIL: Final = re.compile(r"^[^@\s,;<>\"]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}$")
_DECIMAL: Final = re.compile(r"^(\d{9,10})[.,]0+$")  # a spreadsheet's 639980001.0, not the end of 06.39.98.12.00
_SEVERAL: Final = re.compile(r"\s*[/;|]\s*|\s+(?:ou|et)\s+")


def phone(raw: str) -> Phone | None:
    """Give a number in E.164 and its kind; None for what is no number or a filler (nothing but zeros after the prefix).

    A leading zero lost, ``+33``, ``0033`` and ``(0)`` are forgiven.
    """
    # The library reads the (0) of other countries as a digit of the number.
    text = _DECIMAL.sub(r"\1", raw.strip()).replace("(0)", "")
    if "E+" in text.upper():
        return None
    # Letters would be dialled as on a keypad: a name written beside the number is none of it.
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    # What most cells hold, read without the library: 8 000 rows in 1.9 s instead of 2.5.
    if not text.startswith("+") and len(digits.removeprefix("0")) == 9:
        return _french(digits.removeprefix("0"))
    if digits.startswith("00") and len(digits) <= 10:  # ten digits are a French number, mistyped
        return None
    return _dialled(f"+{digits}" if text.startswith("+") else digits)


def _dialled(text: str) -> Phone | None:
    """Read what is dialled from France."""
    try:
        number = phonenumbers.parse(text, "FR")
    except phonenumbers.NumberParseException:
        return None
    if number.country_code in _FRENCH:
        return _french(phonenumbers.national_significant_number(number))
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), "inconnu")


def several(raw: str) -> list[str]:
    """Give the values of a cell that holds more than one: people write ``a / b`` and ``a ou b``."""
    return [part for part in _SEVERAL.split(raw.strip()) if part]


def filler(raw: str) -> bool:
    """Tell whether a cell says nothing: empty, or a word or zeros put where a number is missing."""
    return not re.sub(r"[0\s./+()-]", "", raw) or raw.strip().lower() in (
        "null",
        "nc",
        "néant",
        "neant",
        "aucun",
        "sans",
    )


def mail(raw: str) -> str | None:
    """Give an address in lower case, None when it has not the shape of one."""
    text = raw.strip().lower()
    return text if _MAIL.match(text) else None


def _french(significant: str) -> Phone | None:
    """Read the nine digits that follow the zero of a French number."""
    if len(significant) != 9 or significant.startswith("0") or not significant[1:].strip("0"):
        return None
    overseas = None if significant.startswith(_FICTION) else _OVERSEAS.get(significant[:3])
    return Phone(f"+{overseas or 33}{significant}", _kind(significant[0]))


def _kind(first: str) -> str:
    """Tell mobiles by their first digit: the library knows none of the numbers kept for fiction."""
    if first in "67":
        return "mobile"
    return "inconnu" if first == "8" else "fixe"
