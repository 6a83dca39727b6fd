"""What the bus adds to an event for one authority: labels, contact, identity, situation, due dates."""

from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from bus import territory
from bus.avro import write_array, write_long, write_optional, write_text
from streams.event import ENTREE, Event
from streams.person import NOWHERE, State

REGLE: Final = "enrichissement-1"
ORIENTATION: Final = 42  # days: six weeks after the entry
PLACES: Final = 40_000  # pairs of authority and commune kept encoded: more than there are communes

_BOOLEAN: Final = (b"\x00", b"\x01")
_ABSENT: Final = b"\x00"
_END: Final = write_text(REGLE)


Output: TypeAlias = tuple[str, Event, bytes]
"""(authority, event, value): an event as it goes to an authority, its bytes completed. A tuple: one for each event."""


class Enrichment(NamedTuple):
    """A ``bus.enrichissement``; dates are days since the epoch, parts are encoded."""

    autorite: str
    commune: str | None
    contact: tuple[bytes, ...]
    identite: bytes | None
    droits_devoirs: bool | None
    entree_le: int | None
    orientation: int | None


def completed(event: Event, plain: bytes, authority: str, before: State, after: State) -> Output:
    """Give an event as it goes to an authority; ``plain`` is its bytes, not enriched."""
    return authority, event, appended(plain, enrichment(event, authority, before, after))


def enrichment(event: Event, authority: str, before: State, after: State) -> Enrichment:
    """Give what is added to an event for one authority.

    Contact is given only where a dossier of the person is, or was until this event: an authority that the person has
    left gets corrections of what it knew, not what was learnt since.
    """
    seen = after.situations.get(authority, NOWHERE)
    concerned = seen.present or before.situations.get(authority, NOWHERE).present
    open_since = None if seen.entree is None else seen.entree.effet
    entered = event.effet if event.type == ENTREE else open_since
    return Enrichment(
        autorite=authority,
        commune=event.commune,
        contact=after.joignable if concerned else (),
        identite=after.identite if concerned and "identite" not in event.portee else None,
        droits_devoirs=seen.droits_devoirs,
        entree_le=open_since,
        orientation=None if entered is None else entered + ORIENTATION,
    )


def appended(plain: bytes, added: Enrichment) -> bytes:
    """Give the value of an event with its ``enrichissement``; tests compare it with ``Codec.append``.

    Args:
        plain: the value of an event whose schema ends as ours, ended by the null branch of that field.
        added: what to add.
    """
    return b"".join(
        (
            plain[:-1],
            b"\x02",
            _place(added.autorite, added.commune),
            write_array(added.contact),
            write_optional(added.identite),
            _ABSENT if added.droits_devoirs is None else write_optional(_BOOLEAN[added.droits_devoirs]),
            _date(added.entree_le),
            _BOOLEAN[bool(added.contact)],
            _ABSENT,  # situation.inscription_ft
            _ABSENT,  # situation.orientation
            _date(added.orientation),
            _END,
        )
    )


def _date(days: int | None) -> bytes:
    return _ABSENT if days is None else write_optional(write_long(days))


@lru_cache(PLACES)
def _place(authority: str, commune: str | None) -> bytes:
    """Give the bytes of the labels of an authority and a commune, and of their disagreement."""
    label = territory.commune_label(commune)
    return b"".join(
        (
            write_text(authority),
            write_text(territory.label(authority)),
            write_optional(None if label is None else write_text(label)),
            _BOOLEAN[territory.conflict(authority, commune)],
        )
    )
