"""The sources that the bus reads. A new one is a room beside these and a line here (docs/how-to/add-a-source.md)."""

from collections.abc import Mapping
from typing import Final

from bus.errors import Misconfigured
from producers.caisse import SOURCE as CAISSE
from producers.contact import SOURCE as CONTACT
from producers.journal.origin import Kind
from producers.journal.source import Source

# In the order in which they are asked whether a file is theirs.
SOURCES: Final[Mapping[str, Source]] = {
    "cnaf": CAISSE,
    "contact": CONTACT,
}

STRANGER: Final = CONTACT
"""Who refuses a file that no source recognises: the motif is ``schema``, the detail names a column that is missing."""


class UnknownSource(Misconfigured):
    """No source of this version has that name."""


def source(name: str) -> Source:
    """Give a source by its name.

    Raises:
        UnknownSource: no source has it; the message lists those there are.
    """
    try:
        return SOURCES[name]
    except KeyError:
        raise UnknownSource(f"source inconnue : {name} ; ce bus lit {', '.join(SOURCES)}") from None


def recognise(head: bytes, name: str) -> Source:
    """Give the source of a file by its first bytes and its name; ``STRANGER`` when none recognises it."""
    return next((one for one in SOURCES.values() if one.recognise(head, name)), STRANGER)


def kinds() -> tuple[Kind, ...]:
    """Give every kind of file of every source, in order."""
    return tuple(kind for one in SOURCES.values() for kind in one.kinds)
