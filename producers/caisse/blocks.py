"""XML blocks as dictionaries: children by tag, texts by tag, and the values that a record must have."""

import unicodedata
from datetime import date
from typing import Final, TypeAlias

from lxml import etree

from producers.journal.observation import Code, RecordRejected

ROOT: Final = "Racine/InfosFoyerRSA"
FLAGS: Final = {"1": True, "0": False, "true": True, "false": False}

Blocks: TypeAlias = dict[str, list[etree._Element]]  # noqa: SLF001 - lxml names its element type so


def blocks_of(element: etree._Element) -> Blocks:
    """Give the children by tag, each tag's in order."""
    found: Blocks = {}
    for child in element:
        found.setdefault(child.tag, []).append(child)
    return found


def strangers(blocks: Blocks, known: frozenset[str]) -> int:
    """Count the children that no rule names."""
    return sum(len(found) for tag, found in blocks.items() if tag not in known)


def texts_of(element: etree._Element) -> dict[str, str]:
    """Give the texts of the children by tag: trimmed, NFC, empty ones left out, the first of a repeated tag."""
    texts: dict[str, str] = {}
    for child in element:
        text = child.text
        if text and (text := text.strip()):
            texts.setdefault(child.tag, text if text.isascii() else unicodedata.normalize("NFC", text))
    return texts


def one(blocks: Blocks, name: str, path: str) -> etree._Element:
    """Give the first block of a name; ``RecordRejected`` (absent) when there is none."""
    try:
        return blocks[name][0]
    except KeyError:
        raise RecordRejected(f"{path}/{name}", Code.ABSENT) from None


def need(texts: dict[str, str], name: str, path: str) -> str:
    """Give a text; ``RecordRejected`` (absent) when it is missing or empty."""
    try:
        return texts[name]
    except KeyError:
        raise RecordRejected(f"{path}/{name}", Code.ABSENT) from None


def any_date(texts: dict[str, str], name: str, path: str) -> date:
    """Give a date that must be there; ``RecordRejected`` (absent or date) when it is not one."""
    text = need(texts, name, path)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RecordRejected(f"{path}/{name}", Code.DATE) from None


def optional_date(texts: dict[str, str], name: str, path: str) -> date | None:
    """Give a date that may be missing, but not be wrong."""
    return any_date(texts, name, path) if name in texts else None
