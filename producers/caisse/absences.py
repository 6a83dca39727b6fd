"""Dossiers missing from a monthly: those who were eligible leave, computed (domain/difference-rules.md, "Absence")."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from producers.caisse import difference
from producers.caisse.dossiers import MAX_GAP_DAYS, DossierStager
from producers.caisse.states import KnownPerson
from producers.journal import lookups
from producers.journal.events import Cause, NewEvent, Territory, outbox_row
from producers.journal.flux import Flux, Tools
from producers.journal.lookups import DossierKey, PersonRow, Scope
from producers.journal.observation import Header
from producers.journal.places import instant

BATCH: Final = 1_000
_MISSING: Final = """
select p.scope_id, p.dossier, p.subject_id, p.role, p.eligible, p.obligation, p.address, p.commune, p.moved_in
  from journal.person p join journal.dossier d on d.scope_id = p.scope_id and d.dossier = p.dossier
 where p.scope_id = %(scope)s and p.eligible and d.seen_at <= %(at)s
   and (p.dossier, p.subject_id) > (%(after)s, %(subject)s)
   and not exists (select from journal.staged_dossier s where s.scope_id = p.scope_id and s.dossier = p.dossier)
   and not exists (select from journal.staged_present s where s.scope_id = p.scope_id and s.dossier = p.dossier)
 order by p.dossier, p.subject_id limit %(limit)s
"""


class Absences:
    """Stages the exits that a monthly implies for the scopes it restates, batch by batch."""

    def __init__(self, desk: Tools, flux: Flux, header: Header, stager: DossierStager) -> None:
        self._desk, self._flux, self._header, self._stager = desk, flux, header, stager
        self._index = 0

    def stage(self) -> Iterator[None]:
        """Stage every exit; yields after each batch, for the caller to commit."""
        if self._header.typeflux != "M":
            return
        for scope in sorted(self._stager.scopes.values(), key=lambda scope: scope.scope_id):
            if self._infers(scope):
                for rows in self._missing(scope):
                    self._batch(scope, rows)
                    self._desk.staging.flush()
                    yield

    def _infers(self, scope: Scope) -> bool:
        """Tell whether absence means something: a reference exists, is not newer, and at most 45 days old."""
        gap = self._stager.gap_days(scope)
        if self._stager.context(scope).baseline:
            return False
        if gap is None or scope.monthly_at is None or scope.monthly_at > self._header.at:
            return False
        if gap > MAX_GAP_DAYS:
            self._flux.tally.gap = True
        return gap <= MAX_GAP_DAYS

    def _missing(self, scope: Scope) -> Iterator[list[PersonRow]]:
        after = ("", "")
        while True:
            found = self._desk.conn.execute(
                _MISSING,
                {
                    "scope": scope.scope_id,
                    "at": self._header.at,
                    "after": after[0],
                    "subject": after[1],
                    "limit": BATCH,
                },
            ).fetchall()
            if not found:
                return
            rows = [PersonRow((row[0], row[1]), row[2], KnownPerson(*row[3:])) for row in found]
            after = (rows[-1].key[1], rows[-1].subject_id)
            yield rows

    def _batch(self, scope: Scope, rows: list[PersonRow]) -> None:
        subjects = {row.subject_id for row in rows}
        alive = lookups.keys(self._desk.conn, self._desk.ring, subjects)
        held = self._held(scope, subjects)
        for row in rows:
            self._desk.staging.add("staged_absent", *row.key, row.subject_id)
            held[row.subject_id].discard(row.key)
            if row.subject_id in alive and not held[row.subject_id]:
                self._emit(scope, row)

    def _held(self, scope: Scope, subjects: set[str]) -> defaultdict[str, set[DossierKey]]:
        """Give the dossiers of the authority in which each person is still eligible, as this flux leaves them."""
        held: defaultdict[str, set[DossierKey]] = defaultdict(set)
        left = lookups.absent(self._desk.conn, subjects)
        for row in lookups.persons(self._desk.conn, (), subjects):
            here = self._stager.authority_of_scope(row.key[0]) == scope.authority
            if here and row.state.eligible and (row.key, row.subject_id) not in left:
                held[row.subject_id].add(row.key)
        return held

    def _emit(self, scope: Scope, row: PersonRow) -> None:
        ctx = self._stager.context(scope)
        fact = difference.exit_fact(row.subject_id, row.state.role, "absent_du_mensuel", ctx.day)
        self._flux.tally.events[fact.type] += 1
        self._index += 1
        self._desk.staging.publish(
            outbox_row(
                NewEvent(
                    type=fact.type,
                    cause=Cause(self._flux.flux_id, 0, self._index, difference.RULE),
                    source=scope.source,
                    fait_foi=False,
                    date_effet=fact.date_effet,
                    observed_at=instant(ctx.at, scope.authority),
                    published_at=self._flux.received_at,
                    donnees=fact.donnees,
                    subject_id=row.subject_id,
                    dossier=row.key[1],
                    territoire=Territory(scope.authority.partition("/")[0], row.state.commune),
                )
            )
        )
