"""What the stream stage knows of a person: per authority the dossiers and the open entry, per source the contact.

Named tuples, not dataclasses: several are made for each event, and a frozen dataclass costs five times as much to make.
Days and microseconds are counted from the epoch, UTC.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

DAY: Final = 86_400_000_000  # microseconds


class Status(StrEnum):
    """What a source last said of the person in one of its dossiers."""

    PRESENT = "present"
    CLOS = "clos"
    ABSENT = "absent"
    PARTI = "parti"


class Dossier(NamedTuple):
    """One dossier of one source; ``cause`` is the digest of the record that told a departure, 0 otherwise."""

    source: str
    cle: str
    statut: Status
    observe: int
    cause: int = 0


class Entry(NamedTuple):
    """The open entry into droits et devoirs; ``contact_le`` is when its contact was known, None while it is not."""

    effet: int
    observe: int
    contact_le: int | None = None


class Situation(NamedTuple):
    """A person seen by one authority; ``observe`` is when what set ``droits_devoirs`` and the entry was observed."""

    dossiers: tuple[Dossier, ...] = ()
    droits_devoirs: bool | None = None
    observe: int = 0
    entree: Entry | None = None

    @property
    def present(self) -> bool:
        """Tell whether a dossier of the person is in charge of this authority."""
        for dossier in self.dossiers:  # noqa: SIM110 - any() over a generator costs three times as much here
            if dossier.statut is Status.PRESENT:
                return True
        return False


class Statement(NamedTuple):
    """The whole contact that one source last gave, as sealed parts; none means that it withdrew what it had said."""

    source: str
    effet: int
    observe: int
    event_id: str
    parts: tuple[bytes, ...]


class Unread(NamedTuple):
    """A facet of a later release, kept byte for byte for the workers that know it."""

    tag: int
    version: int
    content: bytes


class State(NamedTuple):
    """All that is kept of one person.

    ``journal`` and ``vu`` are the log and the offset of the last record that this state reflects: what such a record
    had to say has been acknowledged by the broker before this state was written, so a replay skips it. ``joignable`` is
    what may be passed on of ``contacts``, kept so that it is worked out once per statement. ``echeances`` are the days
    on which a clock of this person is due.
    """

    journal: int = 0
    vu: int = -1
    situations: Mapping[str, Situation] = MappingProxyType({})
    contacts: tuple[Statement, ...] = ()
    joignable: tuple[bytes, ...] = ()
    identite: bytes | None = None
    identite_observe: int = 0
    attente_depuis: int | None = None  # contact kept although no authority has a present dossier of this person
    echeances: Mapping[str, int] = MappingProxyType({})  # by clock
    inconnues: tuple[Unread, ...] = ()

    def reflects(self, journal: int, offset: int) -> bool:
        """Tell whether a record of that log is already in this state."""
        return offset <= self.vu and self.journal == journal

    @property
    def present(self) -> tuple[str, ...]:
        """Give the authorities where a dossier of the person is present, in order."""
        return tuple(sorted([code for code, seen in self.situations.items() if seen.present]))


NOBODY: Final = State()
NOWHERE: Final = Situation()
