"""What a contact file says, as values: one row and its numbers."""

from dataclasses import dataclass
from typing import NamedTuple


class Phone(NamedTuple):
    """A number in E.164 and its kind: ``mobile``, ``fixe`` or ``inconnu``."""

    number: str
    kind: str


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One row of the CAF contact file; ``role`` is None when the word is not known, ``numdemrsa`` has 11 characters."""

    rank: int
    nir: str | None
    numdemrsa: str | None
    role: str | None
    phones: tuple[Phone, ...]
    mails: tuple[str, ...]
    unreadable: bool = False  # it says something, and none of it can be read
