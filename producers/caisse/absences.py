"""Dossiers missing from a monthly: those who were eligible leave, computed (domain/difference-rules.md, "Absence")."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from producers.caisse import difference, lookups
from producers.caisse.header import VrsbHeader
from producers.caisse.lookups import DossierKey, PersonRow
from producers.caisse.scopes import MAX_GAP_DAYS, Scope
from producers.caisse.states import KnownPerson
from producers.caisse.teller import Teller, Where
from producers.journal.events import Territory
from producers.journal.flux import Tools
from producers.journal.lookups import keys

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


class Missing(NamedTuple):
    """Somebody eligible whose dossier the monthly lacks, in one scope."""

    scope: Scope
    row: PersonRow


class Absences:
    """The exits that a monthly implies for the scopes it restates, read and staged batch by batch."""

    def __init__(self, tools: Tools, teller: Teller, header: VrsbHeader) -> None:
        self._tools, self._teller, self._header = tools, teller, header
        self._scopes = teller.scopes
        self._told = 0

    def too_late(self) -> bool:
        """Tell whether a reference is so old that absence means nothing against it."""
        return any(not self._recent(scope) for scope in self._scopes.by_absence())

    def missing(self) -> Iterator[Sequence[Missing]]:
        """Give the people to stage, by batches of one scope; nobody unless the file is a monthly."""
        for scope in self._scopes.by_absence():
            if self._recent(scope):
                yield from self._missing(scope)

    def stage(self, batch: Sequence[Missing]) -> None:
        """Stage one batch: who is eligible nowhere else in the authority leaves."""
        scope = batch[0].scope
        subjects = {one.row.subject_id for one in batch}
        alive = keys(self._tools.conn, self._tools.ring, subjects)
        held = self._held(scope, subjects)
        for _, row in batch:
            self._tools.staging.add("staged_absent", *row.key, row.subject_id)
            held[row.subject_id].discard(row.key)
            if row.subject_id in alive and not held[row.subject_id]:
                self._tell(scope, row)

    def _recent(self, scope: Scope) -> bool:
        gap = self._scopes.gap_days(scope)
        return gap is not None and gap <= MAX_GAP_DAYS

    def _missing(self, scope: Scope) -> Iterator[Sequence[Missing]]:
        after = ("", "")
        while found := self._page(scope, after):
            yield [Missing(scope, row) for row in found]
            after = (found[-1].key[1], found[-1].subject_id)

    def _page(self, scope: Scope, after: tuple[str, str]) -> list[PersonRow]:
        rows = self._tools.conn.execute(
            _MISSING,
            {"scope": scope.scope_id, "at": self._header.at, "after": after[0], "subject": after[1], "limit": BATCH},
        ).fetchall()
        return [PersonRow((row[0], row[1]), row[2], KnownPerson(*row[3:])) for row in rows]

    def _held(self, scope: Scope, subjects: set[str]) -> defaultdict[str, set[DossierKey]]:
        """Give the dossiers of the authority in which each person is still eligible, as this flux leaves them."""
        held: defaultdict[str, set[DossierKey]] = defaultdict(set)
        left = lookups.absent(self._tools.conn, subjects)
        for row in lookups.persons(self._tools.conn, (), subjects):
            here = self._scopes.authority_of(row.key[0]) == scope.authority
            if here and row.state.eligible and (row.key, row.subject_id) not in left:
                held[row.subject_id].add(row.key)
        return held

    def _tell(self, scope: Scope, row: PersonRow) -> None:
        fact = difference.exit_fact(
            row.subject_id, row.state.role, "absent_du_mensuel", self._scopes.context(scope).day
        )
        self._told += 1
        place = Territory(scope.authority.partition("/")[0], row.state.commune)
        self._teller.tell(fact, Where(scope, 0, self._told, row.key[1], place))
