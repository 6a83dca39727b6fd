"""``difference-1``: two states of a household compared, and what happened in between told as facts.

Pure: the previous state, what other dossiers of the same people say and the observation come in; the new state and the
facts come out. Rules: domain/difference-rules.md.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Final, NamedTuple

from bus import territory
from bus.errors import InvalidEvent
from producers.caisse import eligibility
from producers.caisse.observation import Household
from producers.caisse.rights import CLASSES, Change, RsaRight, changes
from producers.caisse.states import Arrival, Context, DossierState, Fact, KnownPerson, Past, Present, Told

FULL: Final = ("identite", "nir", "matricule", "adresse")


class _Case(NamedTuple):
    past: Past
    seen: Household
    ctx: Context

    def was(self, one: Present) -> KnownPerson | None:
        return self.past.persons.get(one.subject_id)

    def held_elsewhere(self, subject_id: str) -> bool:
        return self.past.at(subject_id).eligible_here


def compare(past: Past, seen: Household, present: tuple[Present, ...], ctx: Context) -> Told:
    """Compare a household with what was known of it.

    Args:
        past: what was known.
        seen: the household.
        present: its adults in the order of the file, each once, erased people left out.
        ctx: the flux.
    """
    case, before = _Case(past, seen, ctx), past.dossier
    dossier = DossierState(seen.etat, ctx.at, _away(before, seen, ctx.authority))
    returning = before is not None and before.moved_out and not dossier.moved_out
    persons = {one.subject_id: _person(case, one, returning=returning) for one in present}
    if ctx.baseline:
        told = [_published(persons[one.subject_id], one.subject_id, seen.etat, ctx.day) for one in present]
        return Told(dossier, {subject: _settled(person) for subject, person in persons.items()}, tuple(told))
    leaving = dossier.moved_out and not (before and before.moved_out)
    opened, closed = changes(before, seen, ctx.day)
    facts: list[Fact] = []
    for one in present:
        now = persons[one.subject_id]
        facts += _arriving(case, now, one, opened)
        facts += _departing(case, now, one, closed, leaving=leaving)
        if now.eligible:
            persons[one.subject_id] = _settled(now)
    facts += _removed(past, present, ctx)
    return Told(dossier, persons, tuple(facts))


def exit_fact(subject_id: str, role: str, raison: str, day: date) -> Fact:
    """Tell that a person left *droits et devoirs*; always computed, dated by the flux."""
    donnees = {"raison": raison, "mode": "calcule", "regle": eligibility.RULE, "role": role}
    return Fact(subject_id, "rsa.droits_devoirs.sortie", donnees, day, stated=False)


def _person(case: _Case, one: Present, *, returning: bool) -> KnownPerson:
    was, seen = case.was(one), case.seen
    obligation = one.adult.obligation
    if obligation is None and was is not None:
        obligation = was.obligation  # a missing block is unknown, not "no"
    motifs = [block.motif for block in seen.suspensions_versement]
    return KnownPerson(
        role=one.adult.role,
        eligible=eligibility.eligible(seen.etat, motifs, obligation=obligation),
        obligation=obligation,
        address=one.address or (was.address if was else None),
        commune=seen.commune or (was.commune if was else None),
        moved_in=_arrival(case, one, returning=returning),
    )


def _arrival(case: _Case, one: Present, *, returning: bool) -> Arrival:
    was = case.was(one)
    if was is not None and was.moved_in != Arrival.NO and not returning:
        return Arrival(was.moved_in)
    appears = was is None or returning
    arrives = _comes(case.seen, case.ctx.authority) or (appears and bool(case.past.at(one.subject_id).authorities))
    return Arrival.TOLD if arrives else Arrival.NO


def _settled(person: KnownPerson) -> KnownPerson:
    return person._replace(moved_in=Arrival.SETTLED) if person.moved_in == Arrival.TOLD else person


def _published(person: KnownPerson, subject_id: str, etat: str, day: date) -> Fact:
    donnees = {
        "role": person.role,
        "etat": etat,
        "droits_devoirs": person.obligation,
        "eligible": person.eligible,
    }
    return Fact(subject_id, "rsa.etat.publie", donnees, day, parts=FULL)


def _arriving(case: _Case, now: KnownPerson, one: Present, opened: tuple[Change, ...]) -> Iterator[Fact]:
    """Tell what brings a person nearer: the right, the arrival, the address, the entry."""
    was = case.was(one)
    for change in opened:
        yield change(one.subject_id, now.role)
    if now.moved_in == Arrival.TOLD and (was is None or was.moved_in != Arrival.TOLD):
        yield _moved_in(case, now, one)
    if was is not None and was.address is not None and now.address != was.address:
        yield _moved_home(case, was, now, one)
    if now.eligible and not (was and was.eligible) and not case.held_elsewhere(one.subject_id):
        yield _entry(case, now, one)


def _departing(
    case: _Case, now: KnownPerson, one: Present, closed: tuple[Change, ...], *, leaving: bool
) -> Iterator[Fact]:
    """Tell what takes a person away: the departure, the exit, the closing."""
    was, day = case.was(one), case.ctx.day
    if leaving:
        to = case.seen.prenant
        donnees = {"role": now.role, "caisse_prenante": to.caisse if to else None}
        yield Fact(one.subject_id, "rsa.mutation.sortante", donnees, to.on if to else day)
    if was and was.eligible and not now.eligible and not case.held_elsewhere(one.subject_id):
        yield exit_fact(one.subject_id, now.role, _reason(case.seen, now), day)
    for change in closed:
        yield change(one.subject_id, now.role)


def _removed(past: Past, present: tuple[Present, ...], ctx: Context) -> Iterator[Fact]:
    """Tell the exit of those whom the household no longer lists."""
    here = {one.subject_id for one in present}
    for subject_id, person in sorted(past.persons.items()):
        if subject_id not in here and person.eligible and not past.at(subject_id).eligible_here:
            yield exit_fact(subject_id, person.role, "personne_retiree", ctx.day)


def _moved_in(case: _Case, now: KnownPerson, one: Present) -> Fact:
    stated = _comes(case.seen, case.ctx.authority)
    body = case.seen.cedant if stated else None
    known = case.past.at(one.subject_id).authorities
    origin = known[0] if len(known) == 1 else (_authority_of(body.caisse) if body else None)
    donnees = {"role": now.role, "caisse_cedante": body.caisse if body else None, "autorite_cedante": origin}
    return Fact(one.subject_id, "rsa.mutation.entrante", donnees, body.on if body else case.ctx.day, stated=stated)


def _moved_home(case: _Case, was: KnownPerson, now: KnownPerson, one: Present) -> Fact:
    donnees = {
        "role": now.role,
        "ancienne_commune": was.commune,
        "nouvelle_commune": now.commune,
        "sans_domicile_fixe": case.seen.sans_domicile,
    }
    since = case.seen.address.since if case.seen.address else None
    return Fact(one.subject_id, "adresse.changee", donnees, since or case.ctx.day, parts=("identite", "adresse"))


def _entry(case: _Case, now: KnownPerson, one: Present) -> Fact:
    donnees = {
        "population": "mutation" if now.moved_in == Arrival.TOLD else "flux",
        "mode": "calcule",
        "regle": eligibility.RULE,
        "role": now.role,
        "observe_entrant": one.adult.entrant,
        "faits": list(case.seen.faits),
        "degrade": case.ctx.degraded,
    }
    return Fact(one.subject_id, "rsa.droits_devoirs.entree", donnees, case.ctx.day, stated=False, parts=FULL)


def _reason(seen: Household, now: KnownPerson) -> str:
    right = CLASSES[seen.etat]
    if right in (RsaRight.CLOSED, RsaRight.NONE):
        return "droit_clos"
    return "obligation_levee" if now.obligation is not True else "droit_suspendu"


def _leaves(seen: Household, authority: str) -> bool:
    """Tell whether the dossier goes to another authority; a move between two caisses of one authority is none."""
    if seen.prenant is not None:
        return not _is_of(seen.prenant.caisse, authority)
    return CLASSES[seen.etat] is RsaRight.CLOSED and seen.fin is not None and seen.fin.motif == "MUT"


def _away(before: DossierState | None, seen: Household, authority: str) -> bool:
    """Tell whether the dossier is gone; one that left and then closes, whatever the reason, has not come back."""
    gone = before is not None and before.moved_out and CLASSES[seen.etat] in (RsaRight.CLOSED, RsaRight.NONE)
    return gone or _leaves(seen, authority)


def _comes(seen: Household, authority: str) -> bool:
    return seen.cedant is not None and not _is_of(seen.cedant.caisse, authority)


def _is_of(caisse: str, authority: str) -> bool:
    """Tell whether a caisse is of an authority, its number read as a CAF's even for the MSA (docs/adr/0014)."""
    body, _, number = caisse.partition("-")
    return _authority_of(f"caf-{number}" if body == "msa" else caisse) == authority


@cache
def _authority_of(caisse: str) -> str | None:
    """Give the authority of a CAF by its number (département and rank); None for the MSA, Lyon and unknown numbers."""
    body, _, number = caisse.partition("-")
    if body != "caf" or len(number) != 3:
        return None
    whole = number.startswith("97") or number in ("201", "202")
    try:
        return territory.authority(number if whole else number[:2], None)
    except InvalidEvent:
        return None
