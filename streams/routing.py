"""To whom an event goes. Pure and total: an event that fits no rule goes to quarantine, never to a default."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from bus import territory
from bus.errors import InvalidEvent
from bus.reasons import Reason
from streams.event import CONTACT, Event
from streams.facets.situations import cause, dossier, status
from streams.person import Situation, State, Status


@dataclass(frozen=True, slots=True)
class Route:
    """The event goes to the topic of each of these authorities."""

    authorities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Await:
    """A contact of a person whom no authority follows yet: it stays in the state and completes the next entry."""


@dataclass(frozen=True, slots=True)
class Withhold:
    """The person has left this authority, which is no longer told what happens to them (design.md §9.4)."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The event can never be routed as it is."""

    reason: Reason


RoutingDecision: TypeAlias = Route | Await | Withhold | Quarantine

NOWHERE: Final[frozenset[str]] = frozenset((CONTACT,))  # types whose source says nothing of a territory


def authority(event: Event) -> str | None:
    """Give the authority that answers for the event's territory; None for a type that has none.

    Raises:
        InvalidEvent: ``territoire_absent``, ``autorite_inconnue``, or ``commune_inconnue`` in 69.
    """
    return None if event.type in NOWHERE else territory.authority(event.ideparte, event.commune)


def decide(event: Event, before: State, *, key: str | None) -> tuple[RoutingDecision, str | None]:
    """Give the fate of an event and the authority of its territory (None when it has none).

    Args:
        event: the decoded event.
        before: the person's state without this event.
        key: the key of the record; anything but the person's key would break order and erasure.
    """
    if event.personne is None or event.personne != key:
        return Quarantine(Reason.CLE_ABSENTE if event.personne is None else Reason.CLE_DIFFERENTE), None
    try:
        code = authority(event)
    except InvalidEvent as error:
        return Quarantine(error.reason), None
    if code is None:
        return Route(before.present) if before.present else Await(), None
    return Withhold() if _left(event, before.situations.get(code)) else Route((code,)), code


def _left(event: Event, seen: Situation | None) -> bool:
    """Tell whether the event concerns a dossier that has left, and neither brings it back nor corrects what was told.

    What the very record of the departure says (its closure, the end of the obligation) is still told.
    """
    known = dossier(seen, event) if seen is not None else None
    if known is None or known.statut is not Status.PARTI or event.correction:
        return False
    return cause(event) != known.cause and status(event) is not Status.PRESENT
