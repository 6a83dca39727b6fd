"""What the bus adds to an event for one authority: labels, contact, identity, situation, due dates."""

from datetime import date, timedelta
from typing import Any, Final

from bus import territory
from streams.contact import usable
from streams.event import ENTREE, Event
from streams.person import PersonState, Situation

REGLE: Final = "enrichissement-1"
ORIENTATION: Final = timedelta(days=42)  # six weeks after the entry


def enrichment(event: Event, authority: str, before: PersonState, after: PersonState) -> dict[str, Any]:
    """Give the ``bus.enrichissement`` of an event for one authority.

    Contact is given only where a dossier of the person is, or was until this event: an authority that the person has
    left gets corrections of what it knew, not what was learnt since.
    """
    seen = after.situations.get(authority, Situation())
    concerned = seen.present or before.situations.get(authority, Situation()).present
    parts = usable(after.contacts) if concerned else ()
    entered = event.effet if event.type == ENTREE else seen.entree and seen.entree.effet
    return {
        "autorite": authority,
        "autorite_libelle": territory.label(authority),
        "commune_libelle": territory.commune_label(event.commune),
        "conflit_territoire": territory.conflict(authority, event.commune),
        "contact": parts,
        "identite": after.identite if concerned and "identite" not in event.portee else None,
        "situation": _situation(seen, contact=bool(parts)),
        "echeances": {"orientation": entered + ORIENTATION if entered else None},
        "regle": REGLE,
    }


def _situation(seen: Situation, *, contact: bool) -> dict[str, date | bool | str | None]:
    return {
        "droits_devoirs": seen.droits_devoirs,
        "entree_le": seen.entree.effet if seen.entree else None,
        "contact_connu": contact,
        "inscription_ft": None,
        "orientation": None,
    }
