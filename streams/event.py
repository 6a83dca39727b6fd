"""What the stream stage reads of an event: the clear fields that decide, and the sealed parts as they are."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

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


class Part(NamedTuple):
    """One ``bus.partie_scellee``: ``avro`` is the whole of it, copied and never opened; the rest tells parts apart."""

    sorte: str
    canal: str | None
    consentement: str | None
    empreinte: bytes | None
    avro: bytes


class Event(NamedTuple):
    """One source event; ``effet`` is days since the epoch, ``observe`` and ``publie`` are microseconds, UTC.

    ``cause`` identifies the record it comes from: the bytes of its flux and rank.
    """

    id: str
    type: str
    source: str
    effet: int
    observe: int
    publie: int
    personne: str | None
    dossier: str | None
    ideparte: str | None
    commune: str | None
    cause: bytes
    correction: bool
    portee: tuple[str, ...]
    donnees: Mapping[str, Any]
    scelle: tuple[Part, ...]

    def parts(self, sorte: str) -> tuple[bytes, ...]:
        """Give the sealed parts of one sort, in the order of the event."""
        return tuple([part.avro for part in self.scelle if part.sorte == sorte])
