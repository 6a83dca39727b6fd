"""Phone numbers and mail addresses as people and spreadsheets write them, in one form (domain/edge-cases.md, 52)."""

import re
from typing import Final

from producers.journal.observation import Phone

# National prefix → country code of the overseas networks. 063998 is kept for fiction by Arcep, on the mainland.
_OVERSEAS: Final = {
    "590": "590", "690": "590", "691": "590",
    "594": "594", "694": "594",
    "596": "596", "696": "596", "697": "596",
    "262": "262", "269": "262", "639": "262", "692": "262", "693": "262",
}  # fmt: skip
_OVERSEAS_CODES: Final = ("590", "594", "596", "262")
_FICTION: Final = "63998"
_MAIL: Final = re.compile(r"^[^@\s,;<>\"]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}$")
_DECIMAL: Final = re.compile(r"^(\d{9,10})[.,]0+$")  # a spreadsheet's 639980001.0, not the end of 06.39.98.12.00
_SEVERAL: Final = re.compile(r"\s*[/;|]\s*|\s+(?:ou|et)\s+")


def phone(raw: str) -> Phone | None:
    """Give a number in E.164 and its kind; None for what is no number or a filler (nothing but zeros after the prefix).

    A leading zero lost, ``+33``, ``0033`` and ``(0)`` are forgiven.
    """
    text = _DECIMAL.sub(r"\1", raw.strip()).replace("(0)", "")
    if "E+" in text.upper():
        return None
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    if text.startswith("+"):
        return _international(digits)
    return _international(digits[2:]) if digits.startswith("00") and len(digits) > 10 else _national(digits)


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


def _international(digits: str) -> Phone | None:
    if digits.startswith("33"):
        return _national(digits[2:])
    if digits.startswith(_OVERSEAS_CODES) and len(digits) == 12:
        return _national(digits[3:])
    return Phone(f"+{digits}", "inconnu") if 8 <= len(digits) <= 15 and not digits.startswith("0") else None


def _national(digits: str) -> Phone | None:
    """Read 9 significant digits, with or without the zero that French numbers are written with."""
    if len(digits) == 11 and digits.startswith("33"):  # +33 whose plus a spreadsheet ate
        digits = digits[2:]
    significant = digits[1:] if len(digits) == 10 and digits.startswith("0") else digits
    if len(significant) != 9 or significant.startswith("0") or not significant[1:].strip("0"):
        return None
    overseas = None if significant.startswith(_FICTION) else _OVERSEAS.get(significant[:3])
    return Phone(f"+{overseas or '33'}{significant}", _kind(significant[0]))


def _kind(first: str) -> str:
    if first in "67":
        return "mobile"
    return "inconnu" if first == "8" else "fixe"
