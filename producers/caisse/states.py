"""What is kept of a dossier and of a person between two flux, and what a comparison needs and gives: values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import Final, NamedTuple

from producers.caisse.observation import Adult


class Arrival(IntEnum):
    """What was told of an arrival from another authority."""

    NO = 0
    TOLD = 1  # the entry that follows is a mutation's
    SETTLED = 2


class KnownPerson(NamedTuple):
    """What is kept of a person in a dossier: clear codes and a fingerprint, nothing readable."""

    role: str
    eligible: bool
    obligation: bool | None
    address: bytes | None
    commune: str | None
    moved_in: int


class DossierState(NamedTuple):
    """What is kept of a dossier; ``seen_at`` is the emitter's naive time of the flux that last restated it."""

    etat: str
    seen_at: datetime
    moved_out: bool


class Elsewhere(NamedTuple):
    """What other dossiers say of a person: eligible in this authority, and known in which others."""

    eligible_here: bool = False
    authorities: tuple[str, ...] = ()


NOWHERE: Final = Elsewhere()


@dataclass(frozen=True, slots=True)
class Present:
    """An adult of the household, resolved: ``address`` is the fingerprint under the person's own key."""

    subject_id: str
    adult: Adult
    address: bytes | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What was known before the record, erased people left out.

    Attributes:
        dossier: None when this scope never held the dossier.
        persons: the people of the dossier, by subject.
        elsewhere: what other dossiers say, for those in the dossier and those who come into it.
    """

    dossier: DossierState | None
    persons: Mapping[str, KnownPerson]
    elsewhere: Mapping[str, Elsewhere]

    def at(self, subject_id: str) -> Elsewhere:
        """What other dossiers say of a person."""
        return self.elsewhere.get(subject_id, NOWHERE)


@dataclass(frozen=True, slots=True)
class Context:
    """What the flux says for every record of a scope.

    Attributes:
        at: DTCREAFLUX and HEUCREAFLUX, naive.
        baseline: no reference before this flux, or a reload: states are published, nothing is told.
        degraded: more than 45 days since the reference.
        authority: the authority of the scope.
    """

    at: datetime
    baseline: bool
    degraded: bool
    authority: str

    @property
    def day(self) -> date:
        """DTCREAFLUX."""
        return self.at.date()


RULE: Final = "difference-1"
"""What tells the facts of a household, another rule's left out."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to a person: an event type, its ``donnees``, its date and what it must carry.

    Attributes:
        stated: the caisse says it; False when the bus computed it.
        motifs: reason codes, and groups of suspension in ``groupes``: they leave sealed.
        parts: groups sealed with it (``identite``, ``nir``, ``matricule``, ``adresse``).
        rule: what told it, and the version of that rule.
    """

    subject_id: str
    type: str
    donnees: Mapping[str, object]
    date_effet: date
    stated: bool = True
    motifs: tuple[str, ...] = ()
    groupes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ("identite",)
    rule: str = RULE


@dataclass(frozen=True, slots=True)
class Told:
    """The new state of a dossier and the facts, in the order in which they are told."""

    dossier: DossierState
    persons: Mapping[str, KnownPerson]
    facts: tuple[Fact, ...] = field(default=())
