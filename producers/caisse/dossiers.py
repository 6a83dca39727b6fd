"""A batch of households: looked up together, compared one by one, staged together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from bus.sealing import DataKey
from producers.caisse import difference
from producers.caisse.states import Context, DossierState, Elsewhere, Fact, KnownPerson, Past, Present
from producers.journal import lookups
from producers.journal.aside import put_aside
from producers.journal.events import Cause, NewEvent, Territory, outbox_row
from producers.journal.flux import Flux, Tools
from producers.journal.lookups import DossierKey, Found, Scope
from producers.journal.observation import BadRecord, Header, Household
from producers.journal.parts import PersonParts, address_fingerprint, reasons
from producers.journal.people import RULE as IDENTITY_RULE
from producers.journal.people import Candidate, Match, People, candidates
from producers.journal.places import UNDECIDED, authority_of, departement, instant, main_authority, undecided

# Software of départements that sends a caisse's flux again: accepted, but not the emitter of record.
RESENT: Final = frozenset({"54", "IOD", "GEN", "IAS", "PER"})
MAX_GAP_DAYS: Final = 45
NO_SCOPE: Final = 0  # a dossier that was read and belongs to no scope: kept only to find it again in a refused file


class _Item(NamedTuple):
    """A household that this flux restates, with its place and the digests of its adults."""

    seen: Household
    scope: Scope
    key: DossierKey
    people: list[Candidate]


class DossierStager:
    """Stages the households of one flux, batch by batch.

    Attributes:
        scopes: the scopes that this flux restates, with their state before it.
    """

    def __init__(self, desk: Tools, flux: Flux, header: Header) -> None:
        self._desk, self._flux, self._header = desk, flux, header
        self._known_scopes = lookups.scopes(desk.conn)
        self._authorities = {scope.scope_id: scope.authority for scope in self._known_scopes.values()}
        self._contexts: dict[int, Context] = {}
        self._main_authority: str | None = None
        self.scopes: dict[int, Scope] = {}

    def stage(self, batch: Sequence[Household | BadRecord]) -> None:
        """Stage one batch (≤ 1,000 records): states, people, keys, events."""
        self._main_authority = self._main_authority or main_authority(batch)
        items = [item for record in batch if (item := self._sort(record)) is not None]
        found = lookups.dossiers(self._desk.conn, {item.key for item in items})
        fresh = [item for item in items if not self._is_stale(item, found.get(item.key))]
        _Batch(self._desk, self._flux, self, found).run(fresh)
        self._desk.staging.flush()

    def context(self, scope: Scope) -> Context:
        """Give what this flux says for every record of a scope."""
        if scope.scope_id not in self._contexts:
            self._contexts[scope.scope_id] = self._context(scope)
        return self._contexts[scope.scope_id]

    def _context(self, scope: Scope) -> Context:
        gap = self.gap_days(scope)
        again = self._header.typeflux == "M" and scope.corrected_baseline(self._header.at)
        baseline = scope.monthly_at is None or self._header.typeflux == "R" or again
        return Context(
            at=self._header.at,
            baseline=baseline,
            degraded=gap is not None and gap > MAX_GAP_DAYS,
            authority=scope.authority,
        )

    def gap_days(self, scope: Scope) -> int | None:
        """Days between the reference of a scope and this flux; None without reference."""
        if scope.monthly_dtref is None:
            return None
        day = self._header.dtcreaflux if self._header.typeflux == "I" else self._header.dtref
        return (day - scope.monthly_dtref).days

    def scope_of(self, fonorg: str, numorg: str, authority: str) -> Scope:
        """Give a scope, numbered when it is met for the first time."""
        name = (fonorg, numorg, authority)
        if name not in self._known_scopes:
            scope = self._known_scopes[name] = lookups.new_scope(self._desk.conn, *name)
            self._authorities[scope.scope_id] = authority
        return self._known_scopes[name]

    def authority_of_scope(self, scope_id: int) -> str:
        """Give the authority of a numbered scope."""
        return self._authorities[scope_id]

    @property
    def fait_foi(self) -> bool:
        """Whether the emitter is the emitter of record."""
        return self._header.applieme not in RESENT

    def _sort(self, record: Household | BadRecord) -> _Item | None:
        """Count a record, put it aside or note its presence; give it back when it is to be compared."""
        if isinstance(record, BadRecord):
            self._bad(record)
            return None
        tally = self._flux.tally
        tally.unknown_elements += record.inconnus
        authority = authority_of(record.ideparte, record.commune)
        if authority is None or not self._desk.serves(authority):
            tally.out_of_scope += 1
            self._desk.staging.add("staged_present", NO_SCOPE, self._desk.pepper.dossier(record.numdemrsa))
            return None
        scope = self.scope_of(record.fonorg, record.numorg, self._scope_authority(authority))
        key = (scope.scope_id, self._desk.pepper.dossier(record.numdemrsa))
        tally.valid += 1
        tally.authorities[authority] += 1
        tally.emitters[scope.source] += 1
        self.scopes[scope.scope_id] = scope
        if record.anomalies:  # counted, present, and told nothing of
            tally.anomalies += 1
            self._desk.staging.add("staged_present", *key)
            return None
        return _Item(record, scope, key, candidates(self._desk.pepper, record.numdemrsa, record.adults))

    def _scope_authority(self, authority: str) -> str:
        """Name the scope of a record; of one whose commune is unknown, by the authority that its file is for.

        The two authorities of 69 receive each their file from one caisse: what one of them lacks is not absent.
        """
        return f"{UNDECIDED}/{self._main_authority or ''}" if authority == UNDECIDED else authority

    def _bad(self, record: BadRecord) -> None:
        scope = self._scope_of_bad(record)
        put_aside(self._desk, self._flux, record, scope.source if scope else "cnaf")
        if record.numdemrsa:  # unreadable is not absent: no exit may be inferred from it
            scope_id = scope.scope_id if scope else NO_SCOPE
            self._desk.staging.add("staged_present", scope_id, self._desk.pepper.dossier(record.numdemrsa))

    def _scope_of_bad(self, record: BadRecord) -> Scope | None:
        """Give the scope that a bad record still names, if it is a known one: its text is not to be trusted."""
        authority = authority_of(record.ideparte or "", record.commune)
        scope_authority = self._scope_authority(authority) if authority else ""
        name = ((record.fonorg or "").upper(), (record.numorg or "").upper(), scope_authority)
        return self._known_scopes.get(name)

    def _is_stale(self, item: _Item, found: Found | None) -> bool:
        """Tell whether something newer has already restated the dossier; a monthly restates those it lacks."""
        newest = [moment for moment in (found.state.seen_at if found else None, item.scope.monthly_at) if moment]
        stale = any(moment > self._header.at for moment in newest)
        self._flux.tally.stale += stale
        if stale:
            self._desk.staging.add("staged_present", *item.key)
        return stale


class _Batch:
    """The people and dossiers of one batch, changed in memory as its records are compared in order."""

    def __init__(self, desk: Tools, flux: Flux, stager: DossierStager, found: dict[DossierKey, Found]) -> None:
        self._desk, self._flux, self._stager, self._found = desk, flux, stager, found
        self._people = People(desk.conn, desk.pepper, desk.staging)
        self._keys: dict[str, DataKey] = {}
        self._by_dossier: defaultdict[DossierKey, dict[str, KnownPerson]] = defaultdict(dict)
        self._by_subject: defaultdict[str, dict[DossierKey, KnownPerson]] = defaultdict(dict)
        self._told_suspects: set[tuple[str, str]] = set()
        self._done: dict[DossierKey, tuple[DossierState, bool]] = {}

    def run(self, items: list[_Item]) -> None:
        self._people.load(candidate for item in items for candidate in item.people)
        matches = [[self._people.resolve(candidate) for candidate in item.people] for item in items]
        self._load(items, {match.subject_id for row in matches for match in row if match})
        for item, row in zip(items, matches, strict=True):
            self._one(item, row)
        self._stage_states()

    def _load(self, items: list[_Item], subjects: set[str]) -> None:
        conn = self._desk.conn
        known = lookups.persons(conn, {item.key[1] for item in items}, subjects - self._people.new_keys.keys())
        for row in known:
            self._by_dossier[row.key][row.subject_id] = row.state
            self._by_subject[row.subject_id][row.key] = row.state
        wanted = (subjects | self._by_subject.keys()) - self._people.new_keys.keys()
        self._keys = lookups.keys(conn, self._desk.ring, wanted) | self._people.new_keys
        self._told_suspects = lookups.suspects(conn, subjects)

    def _one(self, item: _Item, row: list[Match | None]) -> None:
        self._flux.tally.erased += sum(match is None for match in row)
        pairs = self._present(item, row)
        past = self._past(item, [one.subject_id for one, _ in pairs])
        ctx = self._stager.context(item.scope)
        outcome = difference.compare(past, item.seen, tuple(one for one, _ in pairs), ctx)
        persons = dict(outcome.persons)
        if self._repeated(item.key):  # the file holds this dossier twice: its people add up
            persons = self._by_dossier[item.key] | persons
        facts = [*outcome.facts, *self._suspect_facts(pairs, ctx)]
        self._emit(item, facts, {one.subject_id: one for one, _ in pairs})
        self._remember(item.key, outcome.dossier, persons)

    def _present(self, item: _Item, row: list[Match | None]) -> list[tuple[Present, Match]]:
        """Pair the adults with who they are; erased people, and a person listed twice, are left out."""
        pairs: dict[str, tuple[Present, Match]] = {}
        address = item.seen.address.canonical() if item.seen.address else None
        for adult, match in zip(item.seen.adults, row, strict=True):
            key = self._keys.get(match.subject_id) if match else None
            if match is None or key is None or match.subject_id in pairs:
                continue
            one = Present(match.subject_id, adult, address_fingerprint(key, address))
            pairs[match.subject_id] = (one, match)
        return list(pairs.values())

    def _past(self, item: _Item, present: list[str]) -> Past:
        found = self._found.get(item.key)
        # Whoever has no key any more was erased: nothing is told of them, not even that they left.
        known = {subject: state for subject, state in self._by_dossier[item.key].items() if subject in self._keys}
        if self._repeated(item.key):
            known = {subject: state for subject, state in known.items() if subject in present}
        elsewhere = {subject: self._elsewhere(subject, item) for subject in (*known, *present)}
        return Past(found.state if found else None, known, elsewhere)

    def _elsewhere(self, subject: str, item: _Item) -> Elsewhere:
        others = [(self._stager.authority_of_scope(key[0]), state) for key, state in self._by_subject[subject].items()
                  if key != item.key]  # fmt: skip
        here = item.scope.authority
        return Elsewhere(
            eligible_here=any(state.eligible and authority == here for authority, state in others),
            authorities=tuple(sorted({name for name, _ in others if name != here and not undecided(name)})),
        )

    def _repeated(self, key: DossierKey) -> bool:
        found = self._found.get(key)
        return key in self._done or bool(found and found.staged)

    def _suspect_facts(self, pairs: Iterable[tuple[Present, Match]], ctx: Context) -> list[Fact]:
        facts = []
        for one, match in pairs:
            if match.suspect and (pair := (match.subject_id, match.suspect)) not in self._told_suspects:
                self._told_suspects.add(pair)
                self._desk.staging.add("staged_suspect", *pair)
                donnees = {"regle": IDENTITY_RULE}
                facts.append(Fact(one.subject_id, "identite.doublon_suspecte", donnees, ctx.day, stated=False))
        return facts

    def _emit(self, item: _Item, facts: list[Fact], present: dict[str, Present]) -> None:
        parts = {subject: PersonParts(self._keys[subject], item.seen, one.adult) for subject, one in present.items()}
        place = Territory(departement(item.seen.ideparte), item.seen.commune)
        for index, fact in enumerate(facts):
            self._flux.tally.events[fact.type] += 1
            sealed = parts[fact.subject_id].pick(fact.parts) if fact.subject_id in parts else []
            if fact.motifs:
                sealed = [*sealed, reasons(self._keys[fact.subject_id], fact.motifs, fact.groupes)]
            rule = IDENTITY_RULE if fact.type.startswith("identite.") else difference.RULE
            self._desk.staging.publish(
                outbox_row(
                    NewEvent(
                        type=fact.type,
                        cause=Cause(self._flux.flux_id, item.seen.rank, index, rule),
                        source=item.scope.source,
                        fait_foi=fact.stated and self._stager.fait_foi,
                        date_effet=fact.date_effet,
                        observed_at=instant(self._stager.context(item.scope).at, item.scope.authority),
                        published_at=self._flux.received_at,
                        donnees=fact.donnees,
                        subject_id=fact.subject_id,
                        dossier=item.key[1],
                        territoire=place,
                        scelle=tuple(sealed),
                    )
                )
            )

    def _remember(self, key: DossierKey, dossier: DossierState, persons: dict[str, KnownPerson]) -> None:
        changed = persons != self._by_dossier[key] or self._repeated(key) or self._done.get(key, (None, False))[1]
        for subject in self._by_dossier[key].keys() - persons.keys():
            self._by_subject[subject].pop(key, None)
        for subject, state in persons.items():
            self._by_subject[subject][key] = state
        self._by_dossier[key] = persons
        found = self._found.get(key)
        self._found[key] = Found(dossier, staged=bool(found and found.staged))
        self._done[key] = (dossier, changed)

    def _stage_states(self) -> None:
        staging = self._desk.staging
        staging.forget_dossiers([key for key in self._done if (found := self._found.get(key)) and found.staged])
        for key, (dossier, changed) in self._done.items():
            staging.add("staged_dossier", *key, *dossier, changed)
            if changed:
                for subject, state in self._by_dossier[key].items():
                    staging.add("staged_person", *key, subject, *state)
