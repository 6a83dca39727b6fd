"""A batch of households: looked up together, compared one by one, staged together."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from bus.sealing import DataKey
from producers.caisse import difference, lookups
from producers.caisse.lookups import DossierKey, KnownDossier
from producers.caisse.observation import Household
from producers.caisse.parts import PersonParts, address_fingerprint, reasons
from producers.caisse.scopes import Scope
from producers.caisse.states import Context, DossierState, Elsewhere, Fact, KnownPerson, Past, Present
from producers.caisse.teller import Teller, Where
from producers.journal.events import Territory
from producers.journal.flux import Flux, Tools
from producers.journal.lookups import keys, suspects
from producers.journal.people import RULE as IDENTITY_RULE
from producers.journal.people import Candidate, Match, People
from producers.journal.places import departement, undecided

Suspect = tuple[str, str]
"""A person, and another subject that may be the same one."""


class Item(NamedTuple):
    """A household that this flux restates, with its place and the digests of its adults."""

    seen: Household
    scope: Scope
    key: DossierKey
    people: list[Candidate]


class HouseholdBatch:
    """The people and dossiers of one batch, changed in memory as its records are compared in order."""

    def __init__(self, tools: Tools, flux: Flux, teller: Teller, found: dict[DossierKey, KnownDossier]) -> None:
        self._tools, self._flux, self._teller, self._found = tools, flux, teller, found
        self._scopes = teller.scopes
        self._people = People(tools.conn, tools.pepper, tools.staging)
        self._keys: dict[str, DataKey] = {}
        self._by_dossier: defaultdict[DossierKey, dict[str, KnownPerson]] = defaultdict(dict)
        self._by_subject: defaultdict[str, dict[DossierKey, KnownPerson]] = defaultdict(dict)
        self._told_suspects: set[Suspect] = set()
        self._done: dict[DossierKey, tuple[DossierState, bool]] = {}

    def run(self, items: list[Item]) -> None:
        """Compare every household with what was known of it; stage its facts, then the states."""
        self._people.load(candidate for item in items for candidate in item.people)
        matches = [[self._people.admit(candidate) for candidate in item.people] for item in items]
        self._load(items, {match.subject_id for row in matches for match in row if match})
        for item, row in zip(items, matches, strict=True):
            self._one(item, row)
        self._stage_states()

    def _load(self, items: list[Item], subjects: set[str]) -> None:
        conn = self._tools.conn
        known = lookups.persons(conn, {item.key[1] for item in items}, subjects - self._people.new_keys.keys())
        for row in known:
            self._by_dossier[row.key][row.subject_id] = row.state
            self._by_subject[row.subject_id][row.key] = row.state
        wanted = (subjects | self._by_subject.keys()) - self._people.new_keys.keys()
        self._keys = keys(conn, self._tools.ring, wanted) | self._people.new_keys
        self._told_suspects = suspects(conn, subjects)

    def _one(self, item: Item, row: list[Match | None]) -> None:
        self._flux.tally.erased += sum(match is None for match in row)
        pairs = self._present(item, row)
        past = self._past(item, [one.subject_id for one, _ in pairs])
        ctx = self._scopes.context(item.scope)
        outcome = difference.compare(past, item.seen, tuple(one for one, _ in pairs), ctx)
        persons = dict(outcome.persons)
        if self._repeated(item.key):  # the file holds this dossier twice: its people add up
            persons = self._by_dossier[item.key] | persons
        suspected = self._new_suspects(match for _, match in pairs)
        facts = [*outcome.facts, *(_suspect_fact(subject, ctx) for subject, _ in suspected)]
        self._stage_suspects(suspected)
        self._emit(item, facts, {one.subject_id: one for one, _ in pairs})
        self._remember(item.key, outcome.dossier, persons)

    def _present(self, item: Item, row: list[Match | None]) -> list[tuple[Present, Match]]:
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

    def _past(self, item: Item, present: list[str]) -> Past:
        found = self._found.get(item.key)
        # Whoever has no key any more was erased: nothing is told of them, not even that they left.
        known = {subject: state for subject, state in self._by_dossier[item.key].items() if subject in self._keys}
        if self._repeated(item.key):
            known = {subject: state for subject, state in known.items() if subject in present}
        elsewhere = {subject: self._elsewhere(subject, item) for subject in (*known, *present)}
        return Past(found.state if found else None, known, elsewhere)

    def _elsewhere(self, subject: str, item: Item) -> Elsewhere:
        others = [(self._scopes.authority_of(key[0]), state) for key, state in self._by_subject[subject].items()
                  if key != item.key]  # fmt: skip
        here = item.scope.authority
        return Elsewhere(
            eligible_here=any(state.eligible and authority == here for authority, state in others),
            authorities=tuple(sorted({name for name, _ in others if name != here and not undecided(name)})),
        )

    def _repeated(self, key: DossierKey) -> bool:
        found = self._found.get(key)
        return key in self._done or bool(found and found.staged)

    def _new_suspects(self, matches: Iterable[Match]) -> list[Suspect]:
        found = [(match.subject_id, match.suspect) for match in matches if match.suspect]
        return [pair for pair in found if pair not in self._told_suspects]

    def _stage_suspects(self, pairs: list[Suspect]) -> None:
        self._told_suspects.update(pairs)
        for pair in pairs:
            self._tools.staging.add("staged_suspect", *pair)

    def _emit(self, item: Item, facts: list[Fact], present: dict[str, Present]) -> None:
        parts = {subject: PersonParts(self._keys[subject], item.seen, one.adult) for subject, one in present.items()}
        place = Territory(departement(item.seen.ideparte), item.seen.commune)
        for index, fact in enumerate(facts):
            sealed = parts[fact.subject_id].pick(fact.parts) if fact.subject_id in parts else []
            if fact.motifs:
                sealed = [*sealed, reasons(self._keys[fact.subject_id], fact.motifs, fact.groupes)]
            where = Where(item.scope, item.seen.rank, index, item.key[1], place)
            self._teller.tell(fact, where, tuple(sealed))

    def _remember(self, key: DossierKey, dossier: DossierState, persons: dict[str, KnownPerson]) -> None:
        changed = persons != self._by_dossier[key] or self._repeated(key) or self._done.get(key, (None, False))[1]
        for subject in self._by_dossier[key].keys() - persons.keys():
            self._by_subject[subject].pop(key, None)
        for subject, state in persons.items():
            self._by_subject[subject][key] = state
        self._by_dossier[key] = persons
        found = self._found.get(key)
        self._found[key] = KnownDossier(dossier, staged=bool(found and found.staged))
        self._done[key] = (dossier, changed)

    def _stage_states(self) -> None:
        staging = self._tools.staging
        staging.forget_dossiers([key for key in self._done if (found := self._found.get(key)) and found.staged])
        for key, (dossier, changed) in self._done.items():
            staging.add("staged_dossier", *key, *dossier, changed)
            if changed:
                for subject, state in self._by_dossier[key].items():
                    staging.add("staged_person", *key, subject, *state)


def _suspect_fact(subject_id: str, ctx: Context) -> Fact:
    donnees = {"regle": IDENTITY_RULE}
    return Fact(subject_id, "identite.doublon_suspecte", donnees, ctx.day, stated=False, rule=IDENTITY_RULE)
