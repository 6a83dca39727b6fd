"""What each authority's view of a person becomes when an event has been seen: dossiers, obligation, open entry."""

from collections.abc import Mapping
from typing import Final, assert_never
from zlib import crc32

from streams.event import CLOS, DOSSIER_CLOSED, ETAT, MUTATION_SORTANTE, PRESENCE, SORTIE, Event
from streams.person import Dossier, Entry, Situation, Status

GONE: Final = frozenset(("absent_du_mensuel", "personne_retiree"))  # the person is no longer in that dossier
SAYS: Final[Mapping[str, Status]] = {
    CLOS: Status.CLOS,
    MUTATION_SORTANTE: Status.PARTI,
    **dict.fromkeys(PRESENCE, Status.PRESENT),
}
CLE: Final = 16  # characters of cle_dossier kept: 64 bits are enough among the dossiers of one person


def situation(seen: Situation, event: Event) -> Situation:
    """Give the view of the event's authority after an event."""
    return _with_rights(_with_dossier(seen, event), event)


def met(seen: Situation, event: Event) -> Situation:
    """Mark when the contact of the open entry was known, if it has just become so."""
    entry = seen.entree
    if entry is None or entry.contact_le is not None:
        return seen
    now = Entry(entry.effet, entry.observe, max(entry.observe, event.observe))
    return Situation(seen.dossiers, seen.droits_devoirs, seen.observe, now)


def status(event: Event) -> Status | None:
    """Give what an event says of its dossier; None when it says nothing of it."""
    if event.type == ETAT:
        return Status.CLOS if event.donnees["etat"] in DOSSIER_CLOSED else Status.PRESENT
    if event.type == SORTIE:
        return Status.ABSENT if event.donnees["raison"] in GONE else None
    return SAYS.get(event.type)


def dossier(situation: Situation, event: Event) -> Dossier | None:
    """Give what is known of the event's dossier; each source speaks for its own dossiers only.

    A dossier that moves between two bodies of one territory is left at the one and present at the other.
    """
    cle = (event.dossier or "")[:CLE]
    for one in situation.dossiers:
        if one.cle == cle and one.source == event.source:
            return one
    return None


def cause(event: Event) -> int:
    """Give the digest of the record that an event comes from."""
    return crc32(event.cause)


def _with_dossier(seen: Situation, event: Event) -> Situation:
    """The last observation of a source wins, whatever the effect date: a file restates the whole dossier."""
    said, known = status(event), dossier(seen, event)
    if said is None or (known is not None and not _overrides(known, event, said)):
        return seen
    moved = cause(event) if said is Status.PARTI else 0
    now = Dossier(event.source, (event.dossier or "")[:CLE], said, event.observe, moved)
    others = [one for one in seen.dossiers if one is not known] if known else seen.dossiers
    return Situation((*others, now), seen.droits_devoirs, seen.observe, seen.entree)


def _overrides(known: Dossier, event: Event, said: Status) -> bool:
    """A departure holds against what the same record adds, and against later closures; only a return ends it."""
    if event.observe < known.observe:
        return False
    if known.statut is not Status.PARTI:
        return True
    match said:
        case Status.PARTI:
            return False  # told once
        case Status.CLOS | Status.ABSENT:
            return False
        case Status.PRESENT:
            return cause(event) != known.cause
        case _:
            assert_never(said)


def _with_rights(seen: Situation, event: Event) -> Situation:
    if event.observe < seen.observe:
        return seen
    match event.type:
        case "rsa.droits_devoirs.entree":
            return Situation(seen.dossiers, True, event.observe, Entry(event.effet, event.observe))  # noqa: FBT003 - the field says it
        case "rsa.droits_devoirs.sortie":
            return Situation(seen.dossiers, False, event.observe)  # noqa: FBT003 - the field says it
        case "rsa.mutation.sortante" if not seen.present:
            return Situation(seen.dossiers, seen.droits_devoirs, event.observe)
        case "rsa.etat.publie" if event.donnees["droits_devoirs"] is not None:
            return Situation(seen.dossiers, event.donnees["droits_devoirs"], event.observe, seen.entree)
        case _:
            return seen
