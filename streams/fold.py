"""What a person's state becomes when an event has been seen. Pure: same state and event, same result."""

from typing import Final

from streams.event import CLOS, CONTACT, ETAT, MUTATION_SORTANTE, PRESENCE, SORTIE, Event
from streams.facets.contacts import told, usable
from streams.facets.situations import met, situation
from streams.person import DAY, NOWHERE, State, Statement

FOLDED: Final[frozenset[str]] = frozenset((ETAT, SORTIE, CLOS, MUTATION_SORTANTE, CONTACT, *PRESENCE))
"""The types that a state learns something of their own from; of any other it keeps the sealed identity at most."""

WAITING_DAYS: Final = 90  # how long a contact waits for an authority, in event time (design.md §3.2)


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
        situations = {**situations, authority: situation(situations.get(authority, NOWHERE), event)}
    if joignable:
        situations = {code: met(seen, event) for code, seen in situations.items()}
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
        state.echeances,
        state.inconnues,
    )


def expired(state: State, now: int) -> State:
    """Give the state without the contact that has waited too long for an authority.

    Looked at when the person is met again: only what stands in the log may end the wait, or a replay cut into other
    batches would give other outputs. Nothing in the log tells the time of a person nobody speaks of yet.
    """
    waited = state.attente_depuis is not None and now - state.attente_depuis > WAITING_DAYS * DAY
    return state._replace(contacts=(), joignable=(), attente_depuis=None) if waited else state


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


def _contact(state: State, event: Event) -> tuple[tuple[Statement, ...], tuple[bytes, ...]]:
    """Give the statements of every source, and what may be passed on of them."""
    if event.type != CONTACT and "contact" not in event.portee:
        return state.contacts, state.joignable
    said = Statement(event.source, event.effet, event.observe, event.id, event.parts("contact"))
    contacts = told(state.contacts, said)
    return contacts, usable(contacts)
