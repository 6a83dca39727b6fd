"""How a fact about a household becomes an event: its scope's source, the emitter's time, the rule that told it."""

from typing import Final, NamedTuple

from producers.caisse.header import VrsbHeader
from producers.caisse.scopes import Scope, Scopes
from producers.caisse.states import Fact
from producers.journal.events import Cause, NewEvent, Territory, tell
from producers.journal.flux import Flux, Tools
from producers.journal.parts import SealedPart
from producers.journal.places import instant

# Software of départements that sends a caisse's flux again: accepted, but not the emitter of record.
RESENT: Final = frozenset({"54", "IOD", "GEN", "IAS", "PER"})


class Where(NamedTuple):
    """What an event says of the place of its fact: scope, record, place among the record's, dossier, territory."""

    scope: Scope
    rank: int
    place: int
    dossier: str
    territory: Territory


class Teller:
    """Tells the facts of one flux."""

    def __init__(self, tools: Tools, flux: Flux, header: VrsbHeader, scopes: Scopes) -> None:
        self._tools, self._flux, self.scopes = tools, flux, scopes
        self._fait_foi = flux.source.fait_foi and header.applieme not in RESENT

    def tell(self, fact: Fact, where: Where, sealed: tuple[SealedPart, ...] = ()) -> None:
        """Stage the event of a fact, after those told before it."""
        event = NewEvent(
            type=fact.type,
            cause=Cause(self._flux.flux_id, where.rank, where.place, fact.rule),
            source=where.scope.source,
            fait_foi=fact.stated and self._fait_foi,
            date_effet=fact.date_effet,
            observed_at=instant(self.scopes.context(where.scope).at, where.scope.authority),
            donnees=fact.donnees,
            subject_id=fact.subject_id,
            dossier=where.dossier,
            territoire=where.territory,
            scelle=sealed,
        )
        tell(self._tools, self._flux, event)
