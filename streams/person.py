"""What the stream stage knows of a person: per authority the dossiers and the open entry, per source the contact."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from streams.event import Part

DAY: Final = 86_400_000_000  # microseconds


class Status(StrEnum):
    """What a source last said of the person in one of its dossiers."""

    PRESENT = "present"
    CLOS = "clos"
    ABSENT = "absent"
    PARTI = "parti"


@dataclass(frozen=True, slots=True)
class Dossier:
    """One dossier of one source; ``cause`` is the digest of the record that told a departure, 0 otherwise."""

    source: str
    cle: str
    statut: Status
    observe: int
    cause: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """The open entry into droits et devoirs; ``contact_le`` is when its contact was known, None while it is not."""

    effet: int  # days since the epoch
    observe: int
    contact_le: int | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """A person seen by one authority."""

    dossiers: tuple[Dossier, ...] = ()
    droits_devoirs: bool | None = None
    observe: int = 0  # of what set droits_devoirs and the entry
    entree: Entry | None = None

    @property
    def present(self) -> bool:
        """Tell whether a dossier of the person is in charge of this authority."""
        return any(dossier.statut is Status.PRESENT for dossier in self.dossiers)


@dataclass(frozen=True, slots=True)
class Statement:
    """The whole contact that one source last gave; no part means that it withdrew what it had said."""

    source: str
    effet: int  # days since the epoch
    observe: int
    event_id: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class PersonState:
    """All that is kept of one person. Times are microseconds since the epoch.

    ``journal`` and ``vu`` are the log and the offset of the last record that this state reflects: what such a record
    had to say has been acknowledged by the broker before this state was written, so a replay skips it. ``joignable`` is
    what may be passed on of ``contacts``, kept so that it is worked out once per statement.
    """

    journal: int = 0
    vu: int = -1
    situations: Mapping[str, Situation] = field(default_factory=dict)
    contacts: tuple[Statement, ...] = ()
    joignable: tuple[Part, ...] = ()
    identite: Part | None = None
    identite_observe: int = 0
    attente_depuis: int | None = None  # contact kept although no authority has a present dossier of this person

    def reflects(self, journal: int, offset: int) -> bool:
        """Tell whether a record of that log is already in this state."""
        return self.journal == journal and offset <= self.vu

    @property
    def present(self) -> tuple[str, ...]:
        """Give the authorities where a dossier of the person is present, in order."""
        return tuple(sorted(code for code, seen in self.situations.items() if seen.present))


NOBODY: Final = PersonState()
