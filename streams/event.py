"""What the stream stage reads of an event: the clear fields that decide, and the sealed parts as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

Part: TypeAlias = Mapping[str, Any]
"""One ``bus.partie_scellee``: never opened here, only copied."""

ENTREE: Final = "rsa.droits_devoirs.entree"
SORTIE: Final = "rsa.droits_devoirs.sortie"
ETAT: Final = "rsa.etat.publie"
CLOS: Final = "rsa.droit.clos"
MUTATION_SORTANTE: Final = "rsa.mutation.sortante"
CONTACT: Final = "contact.mis_a_jour"
PRESENCE: Final = frozenset(
    (ENTREE, "rsa.droit.ouvert", "rsa.droit.suspendu", "rsa.droit.repris", "rsa.mutation.entrante")
)
DOSSIER_CLOSED: Final = frozenset(("5", "6"))  # ETATDOSRSA of a closed right


@dataclass(frozen=True, slots=True)
class Event:
    """One source event; ``observe`` is microseconds since the epoch, UTC."""

    id: str
    type: str
    source: str
    effet: date
    observe: int
    personne: str | None
    dossier: str | None
    ideparte: str | None
    commune: str | None
    cause: str
    correction: bool
    portee: Sequence[str]
    donnees: Mapping[str, Any]
    scelle: Sequence[Part]

    def parts(self, sorte: str) -> tuple[Part, ...]:
        """Give the sealed parts of one sort, in the order of the event."""
        return tuple(part for part in self.scelle if part["sorte"] == sorte)


def event(decoded: Mapping[str, Any]) -> Event:
    """Give the view of a decoded event (``Codec.decode``)."""
    place, cause = decoded["territoire"], decoded["cause"]
    return Event(
        id=decoded["id"],
        type=decoded["type"],
        source=decoded["source"],
        effet=decoded["date_effet"],
        observe=micros(decoded["date_observation"]),
        personne=decoded["cle_personne"],
        dossier=decoded["cle_dossier"],
        ideparte=place["ideparte"],
        commune=place["commune_insee"],
        cause=f"{cause['flux_id']}|{cause['enregistrement']}",
        correction=decoded["corrige"] is not None or decoded["annule"] is not None,
        portee=decoded["portee"],
        donnees=decoded["donnees"],
        scelle=decoded["scelle"],
    )


def micros(instant: datetime) -> int:
    """Give microseconds since the epoch; a float of seconds is exact to the microsecond until the year 2100."""
    return round(instant.timestamp() * 1_000_000)
