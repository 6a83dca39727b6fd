"""The staging of one bénéficiaire file: each record sorted, the households compared by batches, then the absent."""

from collections.abc import Iterator, Sequence
from typing import Final

from producers.caisse import lookups
from producers.caisse.absences import Absences, Missing
from producers.caisse.batch import HouseholdBatch, Item
from producers.caisse.header import VrsbHeader
from producers.caisse.identities import candidates
from producers.caisse.lookups import KnownDossier
from producers.caisse.observation import BadHousehold, Household
from producers.caisse.scopes import Scopes
from producers.caisse.teller import Teller
from producers.journal.aside import put_aside
from producers.journal.flux import Flux, Note, Tools
from producers.journal.places import authority_of
from producers.journal.source import Stager

NO_SCOPE: Final = 0  # a dossier that was read and belongs to no scope: kept only to find it again in a refused file

NO_REFERENCE: Final = Note(1, "aucune référence mensuelle : états publiés, aucune entrée calculée")
GAP: Final = Note(2, "plus de 45 jours depuis la référence : aucune absence déduite")


class DossierStager(Stager):
    """Stages the households of one flux, then the exits that a monthly implies."""

    def __init__(self, tools: Tools, flux: Flux, header: VrsbHeader) -> None:
        self._tools, self._flux, self._header = tools, flux, header
        self._scopes = Scopes(tools.conn, header)
        self._teller = Teller(tools, flux, header, self._scopes)
        self._absences = Absences(tools, self._teller, header)

    def stage(self, batch: Sequence[Household | BadHousehold]) -> None:
        """Stage one batch: states, people, keys, events."""
        self._scopes.see(batch)
        items = [item for record in batch if (item := self._sort(record)) is not None]
        found = lookups.dossiers(self._tools.conn, {item.key for item in items})
        fresh: list[Item] = []
        for item in items:
            if self._is_stale(item, found.get(item.key)):
                self._leave_stale(item)
            else:
                fresh.append(item)
        HouseholdBatch(self._tools, self._flux, self._teller, found).run(fresh)
        self._tools.staging.flush()

    def finish(self) -> None:
        """Note what the report says of the references of the file's scopes."""
        self._flux.tally.notes[NO_REFERENCE] += self._scopes.without_reference()
        self._flux.tally.notes[GAP] += self._absences.too_late()

    def unsaid(self) -> Iterator[Sequence[Missing]]:
        """Give those whom a monthly lacks, by batches of one scope."""
        return self._absences.missing()

    def infer(self, batch: Sequence[Missing]) -> None:
        """Stage the exits of a batch of people whom the monthly lacks."""
        self._absences.stage(batch)
        self._tools.staging.flush()

    def accepted(self) -> None:
        """Make the file the reference of its scopes, if it is one."""
        self._scopes.set_reference()

    def _sort(self, record: Household | BadHousehold) -> Item | None:
        """Count a record, put it aside or note its presence; give it back when it is to be compared."""
        if isinstance(record, BadHousehold):
            self._put_aside(record)
            return None
        tally, dossier = self._flux.tally, self._tools.pepper.dossier(record.numdemrsa)
        tally.unknown_elements += record.inconnus
        authority = authority_of(record.ideparte, record.commune)
        if authority is None or not self._tools.serves(authority):
            tally.out_of_scope += 1
            self._present(NO_SCOPE, dossier)
            return None
        scope = self._scopes.enter(record, authority)
        tally.valid += 1
        tally.authorities[authority] += 1
        tally.emitters[scope.source] += 1
        self._scopes.restated[scope.scope_id] = scope
        if record.anomalies:  # counted, present, and told nothing of
            tally.anomalies += 1
            self._present(scope.scope_id, dossier)
            return None
        people = candidates(self._tools.pepper, record.numdemrsa, record.adults)
        return Item(record, scope, (scope.scope_id, dossier), people)

    def _put_aside(self, record: BadHousehold) -> None:
        scope = self._scopes.of_bad(record)
        put_aside(self._tools, self._flux, record, scope.source if scope else self._flux.source.emitter)
        if record.numdemrsa:  # unreadable is not absent: no exit may be inferred from it
            self._present(scope.scope_id if scope else NO_SCOPE, self._tools.pepper.dossier(record.numdemrsa))

    def _is_stale(self, item: Item, found: KnownDossier | None) -> bool:
        """Tell whether something newer has already restated the dossier; a monthly restates those it lacks."""
        newest = [moment for moment in (found.state.seen_at if found else None, item.scope.monthly_at) if moment]
        return any(moment > self._header.at for moment in newest)

    def _leave_stale(self, item: Item) -> None:
        self._flux.tally.stale += 1
        self._present(*item.key)

    def _present(self, scope_id: int, dossier: str) -> None:
        self._tools.staging.add("staged_present", scope_id, dossier)
