"""What a person's state becomes when an event has been seen. Pure: same state and event, same result."""

from collections.abc import Mapping
from typing import Final, assert_never
from zlib import crc32

from streams.contact import told, usable
from streams.event import (
    CLOS,
    CONTACT,
    DOSSIER_CLOSED,
    ETAT,
    MUTATION_SORTANTE,
    PRESENCE,
    SORTIE,
    Event,
)
from streams.person import DAY, NOWHERE, Dossier, Entry, Situation, State, Statement, Status

GONE: Final = frozenset(("absent_du_mensuel", "personne_retiree"))  # the person is no longer in that dossier
WAITING_DAYS: Final = 90  # how long a contact waits for an authority, in event time (design.md §3.2)
SAYS: Final[Mapping[str, Status]] = {
    CLOS: Status.CLOS,
    MUTATION_SORTANTE: Status.PARTI,
    **dict.fromkeys(PRESENCE, Status.PRESENT),
}
CLE: Final = 16  # characters of cle_dossier kept: 64 bits are enough among the dossiers of one person


def fold(state: State, event: Event, authority: str | None, *, journal: int = 0, offset: int = -1) -> State:
    """Give the state after an event.

    Args:
        state: before the event; ``NOBODY`` for a person met for the first time.
        event: the event, whatever its type.
        authority: the one that answers for ``event``'s territory; None for an event without territory.
        journal: the log the event comes from.
        offset: its place in that log, recorded in the result.
    """
    state = expired(state, event.observe)
    contacts, joignable = _contact(state, event)
    situations = state.situations
    if authority is not None:
        situations = {**situations, authority: _situation(situations.get(authority, NOWHERE), event)}
    if joignable:
        situations = {code: _met(seen, event) for code, seen in situations.items()}
    waiting = bool(joignable) and not [code for code, seen in situations.items() if seen.present]
    identity = event.parts("identite") if event.observe >= state.identite_observe else ()
    return State(
        journal,
        offset,
        situations,
        contacts,
        joignable,
        identity[-1] if identity else state.identite,
        event.observe if identity else state.identite_observe,
        (state.attente_depuis or event.observe) if waiting else None,
    )


def expired(state: State, now: int) -> State:
    """Give the state without the contact that has waited too long for an authority.

    Looked at when the person is met again: only what stands in the log may end the wait, or a replay cut into other
    batches would give other outputs. Nothing in the log tells the time of a person nobody speaks of yet.
    """
    waited = state.attente_depuis is not None and now - state.attente_depuis > WAITING_DAYS * DAY
    return state._replace(contacts=(), joignable=(), attente_depuis=None) if waited else state


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


def waits(before: State, after: State) -> list[float]:
    """Give, for each entry whose contact has just become known, how long it waited, in seconds."""
    found = []
    for code, seen in after.situations.items():
        entry = seen.entree
        if entry is None or entry.contact_le is None or seen is before.situations.get(code):
            continue
        previous = before.situations.get(code, NOWHERE).entree
        if previous is None or previous.contact_le is None or previous.observe != entry.observe:
            found.append(max(0, entry.contact_le - entry.observe) / 1_000_000)
    return found


def _situation(seen: Situation, event: Event) -> Situation:
    return _with_rights(_with_dossier(seen, event), event)


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


def _contact(state: State, event: Event) -> tuple[tuple[Statement, ...], tuple[bytes, ...]]:
    """Give the statements of every source, and what may be passed on of them."""
    if event.type != CONTACT and "contact" not in event.portee:
        return state.contacts, state.joignable
    said = Statement(event.source, event.effet, event.observe, event.id, event.parts("contact"))
    contacts = told(state.contacts, said)
    return contacts, usable(contacts)


def _met(seen: Situation, event: Event) -> Situation:
    """Mark when the contact of the open entry was known, if it has just become so."""
    entry = seen.entree
    if entry is None or entry.contact_le is not None:
        return seen
    met = Entry(entry.effet, entry.observe, max(entry.observe, event.observe))
    return Situation(seen.dossiers, seen.droits_devoirs, seen.observe, met)
