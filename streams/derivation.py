"""Events that the bus itself tells: the rules that yield them, and how what a rule says becomes an event with its id.

The id follows from the event that caused it, the type, the authority and the due date (design.md §4), so a replay tells
nothing new. What a rule says goes where an event goes: to the authority's topic, completed (docs/adr/0021).
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from bus.avro import long, text
from streams.enrichment import Output, completed
from streams.event import Event
from streams.facets.echeances import reset
from streams.person import State

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:insertion-bus:evenement-derive")
SOURCE: Final = "insertion-bus"
EPOCH: Final = date(1970, 1, 1)
NO_DATES: Final[Mapping[str, int | None]] = MappingProxyType({})

Encode: TypeAlias = Callable[[str, Mapping[str, Any]], bytes]
"""(type, record) → the value of an event of the newest version of that type."""


class Announcement(NamedTuple):
    """An event to tell an authority; one for each authority and due date. Days are counted from the epoch."""

    autorite: str
    effet: int
    donnees: Mapping[str, Any]
    echeance: int | None = None


class Derived(NamedTuple):
    """What follows from an event: announcements; by authority the day that is set, None for one that is cleared."""

    announcements: Sequence[Announcement] = ()
    echeances: Mapping[str, int | None] = NO_DATES


class Derivation(NamedTuple):
    """A type that the bus tells, and the pure rule that yields it from the state before, the event, the state after."""

    type: str
    regle: str  # name and version of the rule, for `cause`
    rule: Callable[[State, Event, State], Derived]


class Deriver:
    """Applies derivations; ``encode`` is all that it asks of the outside."""

    def __init__(self, encode: Encode, derivations: Sequence[Derivation]) -> None:
        self._encode, self._derivations = encode, derivations

    def __call__(self, before: State, event: Event, after: State) -> tuple[State, list[Output]]:
        """Give the state with its due dates set, and the events that follow.

        Raises:
            InvalidEvent: a rule says what the schema of its type does not allow: a fault of the rule, not of the event.
        """
        outputs: list[Output] = []
        found = [(one, one.rule(before, event, after)) for one in self._derivations]
        for one, said in found:
            if said.echeances:
                wanted = {f"{one.type}/{code}": day for code, day in said.echeances.items()}
                after = after._replace(echeances=reset(after.echeances, wanted))
        for one, said in found:
            for each in said.announcements:
                new = _event(one, event, each)
                plain = self._encode(one.type, _record(one, event, new))
                outputs.append(completed(new, plain, each.autorite, before, after))
        return after, outputs


def _event(one: Derivation, cause: Event, said: Announcement) -> Event:
    due = "" if said.echeance is None else _day(said.echeance).isoformat()
    id_ = uuid.uuid5(NAMESPACE, f"{cause.id}|{one.type}|{said.autorite}|{due}")
    return cause._replace(
        id=str(id_), type=one.type, source=SOURCE, effet=said.effet, correction=False, portee=(), donnees=said.donnees,
        scelle=(),
    )  # fmt: skip


def _record(one: Derivation, cause: Event, new: Event) -> dict[str, Any]:
    """Give the record to encode: person, dossier, territory, instants and lineage are those of its cause."""
    flux, at = text(cause.cause, 0)
    return {
        "id": new.id,
        "type": new.type,
        "source": new.source,
        "emetteur_fait_foi": False,
        "date_effet": _day(new.effet),
        "date_observation": _instant(new.observe),
        "date_publication": _instant(new.publie),
        "cle_personne": new.personne,
        "cle_dossier": new.dossier,
        "territoire": {"ideparte": new.ideparte, "commune_insee": new.commune},
        "cause": {"flux_id": flux, "enregistrement": long(cause.cause, at)[0], "regle": one.regle},
        "corrige": None,
        "annule": None,
        "portee": [],
        "donnees": new.donnees,
        "scelle": [],
        "enrichissement": None,
    }


def _day(days: int) -> date:
    return EPOCH + timedelta(days=days)


def _instant(micros: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
