"""Lives: what happens to a dossier, file after file, and what its authority must hear of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from synth import kinds
from synth.days import Slot
from synth.kinds import BASELINE, EXIT_REASONS, TELLS, LifeTurn
from synth.people import Beneficiary, Family
from synth.situations import Circumstances, Payer, owed


class Moment(NamedTuple):
    """One movement, and the first file that tells it; ``after`` is None when the dossier is silently gone."""

    slot: Slot
    kind: LifeTurn
    after: Circumstances | None


class LifeFact(NamedTuple):
    """One event that a subscriber must receive; ``extra`` holds what else the truth knows of it."""

    adult: Beneficiary
    type: str
    effective: str
    extra: dict[str, Any]


@dataclass(slots=True)
class Life:
    """The dossier and its movements, in order. ``origin``: the life left by a move; ``next``: the one after it."""

    household: Family
    moments: list[Moment] = field(default_factory=list)
    origin: "Life | None" = None
    next: "Life | None" = None

    def at(self, slot: Slot) -> Circumstances | None:
        """Give what the file of a slot says of the dossier; None when it cannot hold it."""
        situation: Circumstances | None = None
        for moment in self.moments:
            if moment.slot.place > slot.place:
                break
            situation = moment.after
        return situation

    def before(self, day: date) -> Circumstances | None:
        """Give what the files dated before a day have said last."""
        situation: Circumstances | None = None
        for moment in self.moments:
            if moment.slot.day >= day:
                break
            situation = moment.after
        return situation

    def newly_seen(self, slot: Slot) -> Iterator[Beneficiary]:
        """Give the adults whom the file of a slot is the first to show; after a move they are known already."""
        now = self.at(slot)
        if now is None or self.origin is not None or self.changed(slot) < slot.place:
            return
        earlier = [moment.after for moment in self.moments if moment.slot.place < slot.place]
        for adult in self.household.adults:
            seen = any(situation is not None and situation.present[adult.rank] for situation in earlier)
            if now.present[adult.rank] and not seen:
                yield adult

    def last(self) -> Moment:
        """Give the latest movement."""
        return self.moments[-1]

    def changed(self, slot: Slot) -> int:
        """Give the index of the slot of the latest movement told up to this slot."""
        return max(moment.slot.place for moment in self.moments if moment.slot.place <= slot.place)


def facts(life: Life, slot: Slot) -> Iterator[LifeFact]:
    """Tell what the file of a slot makes happen, once per adult concerned."""
    before: Circumstances | None = None
    for moment in life.moments:
        if moment.slot.place == slot.place:
            yield from _told(life.household, before, moment)
        before = moment.after


def entries(life: Life, adult: Beneficiary) -> list[str]:
    """Give the day of each entry of a person in this dossier."""
    before: Circumstances | None = None
    days: list[str] = []
    if life.moments[-1].kind in BASELINE:
        return days
    for moment in life.moments:
        told = _told(life.household, before, moment)
        days.extend(fact.effective for fact in told if fact.type == kinds.ENTREE and fact.adult.key == adult.key)
        before = moment.after
    return days


def _told(household: Family, before: Circumstances | None, moment: Moment) -> Iterator[LifeFact]:
    after = moment.after
    for adult in household.adults:
        if after is not None and after.present[adult.rank]:
            for type_ in TELLS.get(moment.kind, ()):
                yield LifeFact(adult, type_, _effective(type_, household, moment), _extra(type_, adult, before, moment))
        if moment.kind not in BASELINE:
            yield from _obligation(adult, before, moment)


def _obligation(adult: Beneficiary, before: Circumstances | None, moment: Moment) -> Iterator[LifeFact]:
    """Tell the entry or the exit of one adult."""
    was, is_now = owed(before, adult.rank), owed(moment.after, adult.rank)
    if is_now and not was:
        population = "mutation" if moment.kind is LifeTurn.EMMENAGEMENT else "flux"
        yield LifeFact(adult, kinds.ENTREE, moment.slot.day.isoformat(), {"population": population})
    if was and not is_now:
        yield LifeFact(adult, kinds.SORTIE, moment.slot.day.isoformat(), {"raison": EXIT_REASONS[moment.kind]})


def _effective(type_: str, household: Family, moment: Moment) -> str:
    """Give the date an event takes effect: what the record says, else the day of its file."""
    told, after = moment.slot.day.isoformat(), moment.after
    if after is None:
        return told
    said: str | None = None
    match type_:
        case kinds.OUVERT:
            said = household.claimed
        case kinds.SUSPENDU:
            said = min((day for _, day in after.suspensions), default=None)
        case kinds.CLOS:
            said = after.ending and after.ending[1]
        case kinds.SORTANTE:
            said = after.given_to and after.given_to.day
        case kinds.ENTRANTE:
            said = after.taken_from and after.taken_from.day
        case kinds.ADRESSE:
            said = after.address.moved_in
        case _:
            pass
    return said or told


def _extra(type_: str, adult: Beneficiary, before: Circumstances | None, moment: Moment) -> dict[str, Any]:
    """Give what else the truth knows of an event."""
    after = moment.after
    extra: dict[str, Any] = {"etat": after.state} if after else {}
    if after is None:
        return extra
    match type_:
        case kinds.ETAT:
            extra |= {"droits_devoirs": after.bound[adult.rank], "eligible": owed(after, adult.rank)}
        case kinds.SUSPENDU:
            extra["niveau"] = "droit" if after.state == "3" else "versement"
        case kinds.ADRESSE:
            extra |= {"ancienne_commune": _code(before), "nouvelle_commune": _code(after)}
        case kinds.SORTANTE:
            extra["caisse_prenante"] = _caisse(after.given_to)
        case kinds.ENTRANTE:
            extra["caisse_cedante"] = _caisse(after.taken_from)
        case _:
            pass
    return extra


def _code(situation: Circumstances | None) -> str | None:
    return situation.address.commune.code if situation and situation.address.commune else None


def _caisse(body: Payer | None) -> str | None:
    return f"{body.fonorg.lower()}-{body.numorg}" if body else None
